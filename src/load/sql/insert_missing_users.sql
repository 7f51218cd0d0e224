-- Gives users who have a first day by user_days, but no row in users, their row.
-- Parameters: app String, kind UInt64 (1 = visit, 2 = payment).
INSERT INTO users (app, user_hash, kind, rank, first_day, user)
SELECT
    {app:String} AS app,
    user_hash,
    toUInt8({kind:UInt64}) AS kind,
    toUInt16(65535 - toUInt16(earliest)) AS rank,
    earliest AS first_day,
    name AS user
FROM
(
    SELECT
        user_hash,
        min(found_day) AS earliest,
        max(found_name) AS name,
        max(is_missing) AS is_wanted
    FROM
    (
        SELECT
            user_hash,
            min(day) AS found_day,
            '' AS found_name,
            1 AS is_missing
        FROM user_days FINAL
        WHERE app = {app:String}
            AND if({kind:UInt64} = 1, visit_pv, pay_cnt) > 0
            AND user_hash NOT IN
            (
                SELECT user_hash FROM users WHERE app = {app:String} AND kind = {kind:UInt64}
            )
        GROUP BY user_hash
        UNION ALL
        SELECT
            user_hash,
            toDate('2105-12-31') AS found_day,
            any(user) AS found_name,
            0 AS is_missing
        FROM events
        WHERE app = {app:String}
        GROUP BY user_hash
    )
    GROUP BY user_hash
)
WHERE is_wanted = 1
