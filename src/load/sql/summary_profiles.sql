-- Which apps have profiles, and in what state?
-- No parameters.
-- Columns: app String, row_count UInt64, place_sum UInt64: a row that comes or goes changes them.
SELECT
    app,
    toUInt64(count()) AS row_count,
    toUInt64(sum(toUInt64(batch) * 4096 + seq)) AS place_sum
FROM profiles
GROUP BY app
ORDER BY app
FORMAT RowBinary
