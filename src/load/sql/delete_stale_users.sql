-- Deletes rows of users that claim another first day than user_days has, those that lost to an
-- earlier day included. A mutation.
-- Parameters: app String, kind UInt64 (1 = visit, 2 = payment).
ALTER TABLE users
DELETE WHERE app = {app:String}
    AND kind = {kind:UInt64}
    AND (user_hash, first_day) NOT IN
    (
        SELECT user_hash, min(day)
        FROM user_days FINAL
        WHERE app = {app:String} AND if({kind:UInt64} = 1, visit_pv, pay_cnt) > 0
        GROUP BY user_hash
    )
