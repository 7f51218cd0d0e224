-- How many events does each day of an app have?
-- Parameters: app String, up_to UInt64 (batches up to it).
-- Columns: day Date, events UInt64.
SELECT
    day,
    toUInt64(count()) AS events
FROM events
WHERE app = {app:String} AND batch <= {up_to:UInt64}
GROUP BY day
ORDER BY day
FORMAT RowBinary
