-- Which days does user_days have, and in what state?
-- No parameters.
-- Columns: app String, day Date, row_count UInt64 and version_sum UInt64: of all rows, replaced
-- ones too. A row that comes or goes changes them.
SELECT
    app,
    day,
    toUInt64(count()) AS row_count,
    toUInt64(sum(version)) AS version_sum
FROM user_days
GROUP BY app, day
ORDER BY app, day DESC
FORMAT RowBinary
