-- All events of some users from a day on, user by user in the order of time.
-- Parameters: app String; users Set(UInt64); from Date (inclusive); up_to UInt64 (batches up to
-- it).
-- Columns: as read in src/load/user_rows.c.
SELECT
    user_hash,
    day,
    time_ms,
    name,
    open_id,
    open_start_ms,
    scene,
    page,
    dwell_ms,
    amount_fen,
    password_free,
    platform,
    model,
    app_version,
    country,
    province,
    city,
    user
FROM events
PREWHERE user_hash IN {users:Set(UInt64)}
WHERE app = {app:String}
    AND day >= {from:Date}
    AND batch <= {up_to:UInt64}
ORDER BY user_hash, time_ms, batch, seq
FORMAT RowBinary
