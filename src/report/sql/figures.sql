-- What did users do, cycle by cycle?
--
-- Parameters: app String, since, from and to Date (from, to: whole cycles, inclusive; since: the
-- first day of the cycle before from), by UInt64; filters as docs/sql.md lists them.
-- Columns: cycle (its first day), opens, page views, dwell (ms), depth (distinct pages of each
-- open, added up), shares, payments, paid (fen), refunds, refunded (fen); users who visited, of
-- these those who did so in the cycle before, and those whose first visit is in this cycle (or, in
-- an open from a source asked for that crosses its end, in the next); users who shared, who paid,
-- who paid before or twice.
-- Cycles without any have no row.
SELECT
    cycle,
    toInt64(sum(user_opens)),
    toInt64(sum(user_pv)),
    toInt64(sum(user_dwell_ms)),
    toInt64(sum(user_depth)),
    toInt64(sum(user_shares)),
    toInt64(sum(user_pay_cnt)),
    toInt64(sum(user_pay_fen)),
    toInt64(sum(user_refund_cnt)),
    toInt64(sum(user_refund_fen)),
    toInt64(countIf(user_pv > 0)),
    toInt64(countIf(user_pv > 0 AND was_there)),
    toInt64(countIf(user_pv > 0 AND NOT was_there AND is_first)),
    toInt64(countIf(user_shares > 0)),
    toInt64(countIf(user_pay_cnt > 0)),
    toInt64(countIf(user_pay_cnt > 1 OR (user_pay_cnt = 1 AND (user_hash, cycle) NOT IN (
        SELECT user_hash, {>part_cycle} FROM (
            SELECT user_hash, first_day AS day FROM users FINAL
            WHERE app = {app:String} AND kind = 2 AND first_day >= {from:Date})))))
FROM
(
    SELECT
        user_hash,
        cycle,
        (user_hash, cycle) IN (
            SELECT user_hash, {>part_next_cycle} FROM user_days FINAL
            WHERE app = {app:String} AND day >= {since:Date} AND day <= {to:Date} AND visit_pv > 0)
            AS was_there,
        ((user_hash, cycle) IN (
            SELECT user_hash, {>part_cycle} FROM (
                SELECT user_hash, first_day AS day FROM users FINAL
                WHERE app = {app:String} AND kind = 1 AND first_day >= {from:Date}))
        {?by_source:OR (user_hash, any(following_cycle)) IN (
            SELECT user_hash, {>part_cycle} FROM (
                SELECT user_hash, first_day AS day FROM users FINAL
                WHERE app = {app:String} AND kind = 1 AND first_day >= {from:Date}))})
            AS is_first,
        sum(kept_opens) AS user_opens,
        sum(kept_pv) AS user_pv,
        sum(kept_dwell_ms) AS user_dwell_ms,
        sum(kept_depth) AS user_depth,
        sum(kept_shares) AS user_shares,
        sum(kept_pay_cnt) AS user_pay_cnt,
        sum(kept_pay_fen) AS user_pay_fen,
        sum(kept_refund_cnt) AS user_refund_cnt,
        sum(kept_refund_fen) AS user_refund_fen
    FROM {>part_days}
    GROUP BY user_hash, cycle
)
GROUP BY cycle
FORMAT RowBinary
