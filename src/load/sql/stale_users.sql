-- How many users have another first day in users than by user_days?
-- Parameters: app String, kind UInt64 (1 = visit, 2 = payment).
-- Columns: row_count UInt64.
SELECT toUInt64(count()) AS row_count
FROM users FINAL
WHERE app = {app:String}
    AND kind = {kind:UInt64}
    AND (user_hash, first_day) NOT IN
    (
        SELECT user_hash, min(day)
        FROM user_days FINAL
        WHERE app = {app:String} AND if({kind:UInt64} = 1, visit_pv, pay_cnt) > 0
        GROUP BY user_hash
    )
FORMAT RowBinary
