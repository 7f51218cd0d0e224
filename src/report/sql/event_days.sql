-- On which days does an app have events, and how many?
--
-- Parameters: app String, from Date and to Date (both inclusive).
-- Columns: day (Date), events (count). In the order of days.
SELECT
    day,
    toUInt64(count()) AS events
FROM events
WHERE app = {app:String}
    AND day >= {from:Date}
    AND day <= {to:Date}
GROUP BY day
ORDER BY day
FORMAT RowBinary
