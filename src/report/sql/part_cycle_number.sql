-- Cycles numbered one by one: that of `day`.
multiIf({by:UInt64} = 0, toInt64(toUInt64(day)),
    {by:UInt64} = 1, intDiv(toInt64(toUInt64(day)) + 3, 7),
    toInt64(toYear(day) * 12 + toMonth(day)))
