-- All events of a window of days of those users who got events in a run of batches, user by user
-- in the order of time. Only users of a range of hashes, so that the answer can be cut in slices.
-- Parameters: app String; from, to Date (the window read); touched_from, touched_to Date (days on
-- which those events lie); after, up_to UInt64 (batches, after < batch <= up_to); hash_from,
-- hash_to UInt64. All bounds but `after` are inclusive.
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
PREWHERE user_hash >= {hash_from:UInt64}
    AND user_hash <= {hash_to:UInt64}
    AND user_hash IN
    (
        SELECT user_hash
        FROM events
        WHERE app = {app:String}
            AND day >= {touched_from:Date}
            AND day <= {touched_to:Date}
            AND user_hash >= {hash_from:UInt64}
            AND user_hash <= {hash_to:UInt64}
            AND batch > {after:UInt64}
            AND batch <= {up_to:UInt64}
    )
WHERE app = {app:String}
    AND day >= {from:Date}
    AND day <= {to:Date}
    AND batch <= {up_to:UInt64}
ORDER BY user_hash, time_ms, batch, seq
FORMAT RowBinary
