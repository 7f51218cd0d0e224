-- Which opens began on a day or the day before?
--
-- Parameters: app String, before and day Date.
-- Columns: user_hash; of each open its first and last moment, and the page it was entered by.
SELECT user_hash, open_start_ms, open_end_ms, open_entry
FROM user_days FINAL
WHERE app = {app:String} AND day >= {before:Date} AND day <= {day:Date} AND opens > 0
FORMAT RowBinary
