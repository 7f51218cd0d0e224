-- How many users came, or paid, for the first time ever, cycle by cycle?
--
-- Parameters: app String, from and to Date (whole cycles, inclusive), by UInt64; filters.
-- Columns: cycle (its first day; 0 = all before from), users whose first visit it has, users whose
-- first payment it has. A filter asks for first times on days that it keeps.
{?!filtered:SELECT
    multiIf(day < {from:Date}, toDate(0), {>part_cycle}) AS cycle,
    toInt64(countIf(kind = 1)),
    toInt64(countIf(kind = 2))
FROM
(
    SELECT kind, first_day AS day FROM users FINAL
    WHERE app = {app:String} AND first_day <= {to:Date}
)
GROUP BY cycle}{?filtered:SELECT
    multiIf(day < {from:Date}, toDate(0), {>part_cycle}) AS cycle,
    toInt64(countIf(is_first_visit)),
    toInt64(countIf(is_first_payment))
FROM
(
    SELECT
        day,
        (user_hash, day) IN (
            SELECT user_hash, first_day FROM users FINAL
            WHERE app = {app:String} AND kind = 1) AS is_first_visit,
        (user_hash, day) IN (
            SELECT user_hash, first_day FROM users FINAL
            WHERE app = {app:String} AND kind = 2) AS is_first_payment
    FROM user_days FINAL
    WHERE app = {app:String} AND day <= {to:Date} AND {>part_is_here}
)
GROUP BY cycle}
FORMAT RowBinary
