-- The first day of the cycle after the one that has `day`.
multiIf({by:UInt64} = 0, day + 1, {by:UInt64} = 1, toMonday(day) + 7,
    toStartOfMonth(toStartOfMonth(day) + 32))
