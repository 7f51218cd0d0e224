-- How do pages do?
--
-- Parameters: app String, from and to Date (inclusive), search String (part of the path, in any
-- case), sort Identifier (one of the columns but page), limit and offset Limit; filters. The flags
-- searched and descending.
-- Columns: page, views, users who viewed it, dwell (ms), opens that began and that ended there,
-- shares, users who shared it.
SELECT
    path,
    toInt64(sum(pv)) AS page_visit_pv,
    toInt64(uniqExactIf(user_hash, pv > 0)) AS page_visit_uv,
    toInt64(sum(ms)) AS dwell,
    toInt64(sum(entries)) AS entrypage_pv,
    toInt64(sum(exits)) AS exitpage_pv,
    toInt64(sum(page_share)) AS page_share_pv,
    toInt64(uniqExactIf(user_hash, page_share > 0)) AS page_share_uv
FROM
(
    SELECT user_hash, seen.1 AS path, seen.2 AS pv, seen.3 AS ms, seen.4 AS entries,
        seen.5 AS exits, seen.6 AS page_share
    FROM
    (
        SELECT user_hash, arrayJoin(arrayMap((a, b, c, d, e, f) -> (a, b, c, d, e, f),
            page, page_pv, page_dwell_ms, page_entries, page_exits, page_shares)) AS seen
        FROM user_days FINAL
        WHERE app = {app:String} AND day >= {from:Date} AND day <= {to:Date} AND {>part_is_here}
    )
)
{?searched:WHERE positionCaseInsensitiveUTF8(path, {search:String}) > 0}
GROUP BY path
ORDER BY
    {?by_staytime:if(page_visit_pv = 0, -1, dwell / page_visit_pv)}
    {?by_exit_rate:if(page_visit_pv = 0, -1, exitpage_pv / page_visit_pv)}
    {?by_path:path}
    {?by_column:{sort:Identifier}}
    {?descending:DESC},
    path
LIMIT {offset:Limit}, {limit:Limit}
FORMAT RowBinary
