-- How many rows of user_days did a rebuild leave behind?
-- Parameters: app String, version UInt64 (of the rebuild).
-- Columns: row_count UInt64.
SELECT toUInt64(count()) AS row_count
FROM user_days
WHERE app = {app:String} AND version < {version:UInt64}
FORMAT RowBinary
