-- Whether all filters keep what the user did that day, other than in opens.
({>part_is_kept} {?by_source:AND toUInt64(source_group) IN {source_groups:Set(UInt64)}})
