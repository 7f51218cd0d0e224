-- What did users do in each cycle of a range?
-- Parameters: app String; from, to Date (inclusive, whole cycles); cycle Identifier: toDate, toMonday or toStartOfMonth.
-- Columns: cycle Date (its first day); visit_uv UInt64 (users); visit_pv UInt64; dwell_ms UInt64;
-- opens UInt64; depth_sum UInt64 (distinct pages, summed over opens).
SELECT
    {cycle:Identifier}(day) AS cycle,
    uniqExactIf(user_hash, visit_pv > 0) AS visit_uv,
    toUInt64(sum(visit_pv)) AS pv,
    toUInt64(sum(dwell_ms)) AS dwell,
    toUInt64(sum(opens)) AS open_count,
    toUInt64(sum(depth_sum)) AS depth
FROM user_days FINAL
WHERE app = {app:String} AND day >= {from:Date} AND day <= {to:Date}
GROUP BY cycle
ORDER BY cycle
FORMAT RowBinary
