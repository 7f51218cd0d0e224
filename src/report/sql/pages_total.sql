-- How many pages are there, and how often were they entered and viewed?
--
-- Parameters: app String, from and to Date (inclusive), search String; filters. The flag searched.
-- Columns: pages, entries, views.
SELECT toInt64(uniqExact(path)), toInt64(sum(entries)), toInt64(sum(pv))
FROM
(
    SELECT seen.1 AS path, seen.2 AS pv, seen.3 AS entries
    FROM
    (
        SELECT arrayJoin(arrayMap((a, b, c) -> (a, b, c), page, page_pv, page_entries)) AS seen
        FROM user_days FINAL
        WHERE app = {app:String} AND day >= {from:Date} AND day <= {to:Date} AND {>part_is_here}
    )
)
{?searched:WHERE positionCaseInsensitiveUTF8(path, {search:String}) > 0}
FORMAT RowBinary
