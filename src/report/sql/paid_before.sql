-- What was paid before a day?
--
-- Parameters: app String, from Date; filters.
-- Columns: cycle (always 0), paid (fen).
SELECT
    toDate(0),
    toInt64(sum(pay_fen))
FROM user_days FINAL
WHERE app = {app:String} AND day < {from:Date} AND pay_cnt > 0 AND {>part_is_here}
FORMAT RowBinary
