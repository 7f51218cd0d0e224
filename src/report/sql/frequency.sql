-- How many users opened the app how often?
--
-- Parameters: app String, from and to Date (inclusive), by UInt64 (any); filters.
-- Columns: opens of a user, users who have so many. Who has none is not counted.
SELECT toInt64(user_opens) AS opened, toInt64(count())
FROM
(
    SELECT user_hash, sum(kept_opens) AS user_opens FROM {>part_days} GROUP BY user_hash
)
WHERE user_opens > 0
GROUP BY opened
FORMAT RowBinary
