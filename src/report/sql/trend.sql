-- How do visits develop, cycle by cycle?
--
-- Parameters: app String, from Date and to Date (both inclusive, whole cycles), by UInt64 (0 day,
-- 1 week from Monday, 2 month).
-- Columns: cycle (its first day as a day number; 0 = everything before `from`), visit_uv_new
-- (users), session_cnt (opens), visits (of pages), visit_uv (users), dwell (milliseconds), depth
-- (distinct pages of each open, added up).
--
-- Each cycle may come in two rows, one with new users and one with the rest, to be added up.
-- Cycles without any have no row.
SELECT
    toUInt64(multiIf({by:UInt64} = 0, day, {by:UInt64} = 1, toMonday(day), toStartOfMonth(day)))
        AS cycle,
    toUInt64(0) AS visit_uv_new,
    toUInt64(sum(opens)) AS session_cnt,
    toUInt64(sum(visit_pv)) AS visits,
    toUInt64(uniqExactIf(user_hash, visit_pv > 0)) AS visit_uv,
    toUInt64(sum(dwell_ms)) AS dwell,
    toUInt64(sum(depth_sum)) AS depth
FROM user_days FINAL
WHERE app = {app:String}
    AND day >= {from:Date}
    AND day <= {to:Date}
GROUP BY cycle
UNION ALL
SELECT
    toUInt64(multiIf(first_day < {from:Date}, toDate(0), {by:UInt64} = 0, first_day,
        {by:UInt64} = 1, toMonday(first_day), toStartOfMonth(first_day))) AS cycle,
    toUInt64(count()) AS visit_uv_new,
    toUInt64(0) AS session_cnt,
    toUInt64(0) AS visits,
    toUInt64(0) AS visit_uv,
    toUInt64(0) AS dwell,
    toUInt64(0) AS depth
FROM users FINAL
WHERE app = {app:String}
    AND kind = 1
    AND first_day <= {to:Date}
GROUP BY cycle
FORMAT RowBinary
