-- How does the number of users change who have the app among My Mini Programs, cycle by cycle?
--
-- Parameters: app String, from and to Date (whole cycles, inclusive), by UInt64; filters.
-- Columns: cycle (its first day; 0 = all before from), users who have it at its end less those who
-- had it at the end of the cycle before, users who lost it.
--
-- Of each user the changes are taken cycle by cycle, in order, each beside the one before it: state
-- is 1 or -1 as the last change of the cycle was an addition or a removal.
SELECT
    change.1 AS cycle,
    toInt64(sum(change.2)),
    toInt64(sum(change.3))
FROM
(
    SELECT arrayJoin(arrayMap(
        (now, then) -> (
            now.1,
            toInt64(now.2 = 1 AND now.3 = 1) - toInt64(then.2 = 1 AND then.3 = 1),
            toInt64(now.2 = -1 AND now.3 = 1 AND (then.2 = 1 OR now.4 = 1))),
        changes,
        arrayPopBack(arrayConcat([(toDate(0), toInt8(0), toUInt8(0), toUInt8(0))], changes))))
        AS change
    FROM
    (
        SELECT user_hash, arraySort(groupArray((cycle, state, is_state_here, has_added))) AS changes
        FROM
        (
            SELECT
                user_hash,
                cycle,
                argMax(is_added_at_end, day) AS state,
                argMax(is_here, day) AS is_state_here,
                max(has_adds) AS has_added
            FROM
            (
                SELECT
                    user_hash,
                    day,
                    multiIf(day < {from:Date}, toDate(0), {>part_cycle}) AS cycle,
                    is_added_at_end,
                    toUInt8({>part_is_here}) AS is_here,
                    toUInt8(adds > 0) AS has_adds
                FROM user_days FINAL
                WHERE app = {app:String} AND day <= {to:Date} AND is_added_at_end != 0
            )
            GROUP BY user_hash, cycle
        )
        GROUP BY user_hash
    )
)
GROUP BY cycle
FORMAT RowBinary
