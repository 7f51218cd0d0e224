-- How many mutations of a table are not done yet?
-- Parameters: table String.
-- Columns: mutations UInt64.
SELECT toUInt64(count()) AS mutations
FROM system.mutations
WHERE database = currentDatabase()
    AND table = {table:String}
    AND is_done = 0
FORMAT RowBinary
