-- Who are the users, new and active?
--
-- Parameters: app String, from and to Date (inclusive), by UInt64 (any); filters.
-- Columns: dimension (0 province, 1 city, 2 gender, 3 platform, 4 model, 5 age band), its value as
-- text ('' and '0' = unknown), users whose first visit is in the range, users who visited in it.
SELECT
    fact.1 AS dimension,
    fact.2 AS value,
    toInt64(sum(is_new)),
    toInt64(sum(is_active))
FROM
(
    SELECT
        is_new,
        is_active,
        arrayJoin([
            (0, last_province), (1, last_city), (2, toString(gender)), (3, toString(last_platform)),
            (4, last_model),
            (5, toString(multiIf(age = 0, 0, age <= 18, 1, age <= 25, 2, age <= 30, 3, age <= 40, 4,
                age <= 50, 5, 6)))]) AS fact
    FROM
    (
        SELECT
            user_hash,
            max(is_first) AS is_new,
            max(visited) AS is_active,
            argMaxIf(province, day, has_region) AS last_province,
            argMaxIf(city, day, has_region) AS last_city,
            argMaxIf(platform, day, platform != 0) AS last_platform,
            argMaxIf(model, day, model != '') AS last_model
        FROM
        (
            SELECT
                user_hash,
                day,
                toString(province) AS province,
                toString(city) AS city,
                platform,
                toString(model) AS model,
                country != '' OR province != '' OR city != '' AS has_region,
                {>part_visits} > 0 AS visited,
                {>part_is_here} AND (user_hash, day) IN (
                    SELECT user_hash, first_day FROM users FINAL
                    WHERE app = {app:String} AND kind = 1) AS is_first
            FROM user_days FINAL
            WHERE app = {app:String} AND day >= {from:Date} AND day <= {to:Date}
                AND {>part_is_kept}
        )
        GROUP BY user_hash
        HAVING is_new = 1 OR is_active = 1
    ) AS seen_users
    ANY LEFT JOIN
    (
        SELECT
            user_hash,
            maxIf(last_value, kind = 1) AS gender,
            maxIf(last_value, kind = 2) AS age
        FROM
        (
            SELECT user_hash, kind, arraySort(groupArray((time_ms, batch, seq, value)))[-1].4
                AS last_value
            FROM profiles
            WHERE app = {app:String}
            GROUP BY user_hash, kind
        )
        GROUP BY user_hash
    ) AS told_profiles USING user_hash
)
GROUP BY dimension, value
FORMAT RowBinary
