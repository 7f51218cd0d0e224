-- Which apps have events or rollups, and about how many users each? No parameters.
-- Columns: app String, user_count UInt64.
SELECT
    app,
    toUInt64(max(distinct_users)) AS user_count
FROM
(
    SELECT app, uniq(user_hash) AS distinct_users FROM events GROUP BY app
    UNION ALL
    SELECT app, toUInt64(0) AS distinct_users FROM user_days GROUP BY app
    UNION ALL
    SELECT app, toUInt64(0) AS distinct_users FROM users GROUP BY app
)
GROUP BY app
ORDER BY app
FORMAT RowBinary
