-- How many users visited for the first time on each day, from the beginning up to a day?
-- Parameters: app String; to Date (inclusive).
-- Columns: first_day Date; user_count UInt64.
SELECT
    first_day,
    count() AS user_count
FROM users FINAL
WHERE app = {app:String} AND kind = 1 AND first_day <= {to:Date}
GROUP BY first_day
ORDER BY first_day
FORMAT RowBinary
