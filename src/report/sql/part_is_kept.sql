-- Whether the filters, but for the one by source group, keep a row of user_days.
(
    1
    {?by_platform:AND toUInt64(platform) IN {platforms:Set(UInt64)}}
    {?by_province:AND province IN {provinces:Set(String)}}
    {?by_app_version:AND app_version IN {app_versions:Set(String)}}
    {?by_new:AND (user_hash, day) IN (
        SELECT user_hash, first_day FROM users FINAL WHERE app = {app:String} AND kind = 1)}
    {?by_returning:AND (user_hash, day) NOT IN (
        SELECT user_hash, first_day FROM users FINAL WHERE app = {app:String} AND kind = 1)}
)
