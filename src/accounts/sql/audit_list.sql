-- What was done before an entry, newest first. Parameters: before (id), limit. Columns: id, time
-- (UTC ms), kind, name, app, action, target, address.
SELECT
    id,
    time_ms,
    kind,
    name,
    app,
    action,
    target,
    address
FROM audit
WHERE id < :before
ORDER BY id DESC
LIMIT :limit;
