-- Which users viewed pages in which minutes of a day, and how often?
--
-- Parameters: app String, day Date, start_ms Int64 (the day's first moment), batch UInt64 (rows of
-- later batches are left out), page String (only where by_page).
-- Columns: user_hash, minute of the day, views.
SELECT
    user_hash,
    toUInt32(intDiv(time_ms - {start_ms:Int64}, 60000)) AS minute,
    toUInt32(count())
FROM events
WHERE app = {app:String}
    AND day = {day:Date}
    AND batch <= {batch:UInt64}
    AND name = '$page_view'
    {?by_page:AND page = {page:String}}
GROUP BY user_hash, minute
FORMAT RowBinary
