-- Which days of which apps got events in a run of batches?
-- Parameters: after, up_to UInt64 (batches, after < batch <= up_to); from, to Date (inclusive).
-- Columns: app String, first_day Date, last_day Date, events UInt64.
SELECT
    app,
    min(day) AS first_day,
    max(day) AS last_day,
    toUInt64(count()) AS events
FROM events
WHERE day >= {from:Date}
    AND day <= {to:Date}
    AND batch > {after:UInt64}
    AND batch <= {up_to:UInt64}
GROUP BY app
ORDER BY app
FORMAT RowBinary
