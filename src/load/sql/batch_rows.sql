-- How many rows of a batch does each partition have?
-- Parameters: batch UInt64; from, to Date (both inclusive; no event of the batch lies outside).
-- Columns: month UInt32 (202611), row_count UInt64.
SELECT
    toUInt32(toYYYYMM(day)) AS month,
    toUInt64(count()) AS row_count
FROM events
WHERE day >= {from:Date}
    AND day <= {to:Date}
    AND batch = {batch:UInt64}
GROUP BY month
ORDER BY month
FORMAT RowBinary
