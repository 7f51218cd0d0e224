-- Page views that visit_pv counts on a user's day: of all, or of opens from the groups asked for.
{?!by_source:toUInt64(visit_pv)}{?by_source:toUInt64(arraySum(
    (n, s) -> if({>part_is_source}, toUInt64(n), toUInt64(0)), open_pv, open_scene))}
