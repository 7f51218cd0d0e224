-- The first day of the cycle that has `day`: by 0 day, 1 week from Monday, 2 month.
multiIf({by:UInt64} = 0, day, {by:UInt64} = 1, toMonday(day), toStartOfMonth(day))
