-- What is the greatest batch number in use? No parameters.
-- Columns: batch UInt32 (0 = no events), version UInt64 (of rollup rows; 0 = none).
SELECT
    toUInt32(max(greatest_batch)) AS batch,
    toUInt64(max(greatest_version)) AS version
FROM
(
    SELECT max(batch) AS greatest_batch, toUInt64(0) AS greatest_version FROM events
    UNION ALL
    SELECT toUInt32(0) AS greatest_batch, max(version) AS greatest_version FROM user_days
)
FORMAT RowBinary
