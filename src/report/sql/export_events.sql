-- All events of a few days, with all that is stored of them but what the loader keeps for itself.
--
-- Parameters: app String, from Date and to Date (both inclusive).
-- Columns: as in the table `events`. By day, user and time, and of one user's events at the same
-- moment the journal's order.
--
-- What does not fit into memory is sorted on disk; newer servers read in this order anyway.
SELECT
    id,
    name,
    time_ms,
    day,
    user,
    open_id,
    open_start_ms,
    page,
    query,
    referrer,
    title,
    dwell_ms,
    scene,
    source_group,
    element,
    order_id,
    amount_fen,
    password_free,
    app_version,
    sdk,
    platform,
    brand,
    model,
    os_version,
    client_version,
    library_version,
    screen_width,
    screen_height,
    language,
    network,
    country,
    province,
    city,
    flags,
    str_names,
    str_values,
    num_names,
    num_values
FROM events
WHERE app = {app:String}
    AND day >= {from:Date}
    AND day <= {to:Date}
ORDER BY app, day, user_hash, time_ms, batch, seq
SETTINGS max_bytes_before_external_sort = 268435456
FORMAT RowBinary
