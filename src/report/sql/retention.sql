-- Of the users who were new, or active, in a cycle: how many visited N cycles later?
--
-- Parameters: app String, from and to Date (whole cycles, inclusive), until Date (the last day of
-- visits that matter), by UInt64, offsets Array(UInt64) (the N, without 0); filters, which choose
-- the cohorts. The flag of_new asks for new users, else active ones.
-- Columns: cycle (numbered as in part_cycle_number), N (0 = the cohort), users.
SELECT first AS cycle_number, toInt64(later) AS cycles_later, toInt64(count())
FROM
(
    SELECT seen, first, arrayJoin(arrayConcat([toUInt64(0)], {offsets:Array(UInt64)})) AS later
    FROM
    (
        SELECT seen, arrayJoin(cohorts) AS first
        FROM
        (
            SELECT
                user_hash,
                groupUniqArrayIf(number, is_member) AS cohorts,
                groupUniqArrayIf(number, visit_pv > 0) AS seen
            FROM
            (
                SELECT
                    user_hash,
                    {>part_cycle_number} AS number,
                    visit_pv,
                    day <= {to:Date} AND {?!of_new:{>part_is_kept} AND {>part_visits} > 0}
                        {?of_new:{>part_is_here} AND (user_hash, day) IN (
                            SELECT user_hash, first_day FROM users FINAL
                            WHERE app = {app:String} AND kind = 1)} AS is_member
                FROM user_days FINAL
                WHERE app = {app:String} AND day >= {from:Date} AND day <= {until:Date}
            )
            GROUP BY user_hash
        )
    )
)
WHERE later = 0 OR has(seen, first + toInt64(later))
GROUP BY cycle_number, cycles_later
FORMAT RowBinary
