-- Which of these users visited before that day?
--
-- Parameters: app String, day Date; users Set(UInt64), or where of_day all visitors of the day up
-- to batch UInt64.
-- Columns: user_hash.
SELECT DISTINCT user_hash
FROM users
WHERE app = {app:String}
    AND kind = 1
    AND first_day < {day:Date}
    AND user_hash IN {?!of_day:{users:Set(UInt64)}}{?of_day:(
        SELECT user_hash FROM events
        WHERE app = {app:String} AND day = {day:Date} AND batch <= {batch:UInt64}
            AND name = '$page_view')}
ORDER BY user_hash
FORMAT RowBinary
