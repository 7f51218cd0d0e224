-- Whether the scene s of an open is in one of the source groups asked for.
(
    has({scenes:Array(UInt64)}, toUInt64(s))
    OR ({has_other_scenes:UInt64} = 1 AND NOT has({known_scenes:Array(UInt64)}, toUInt64(s)))
)
