-- What was done to an app before an entry, newest first. Parameters: app, before (id), limit.
-- Columns: id, time (UTC ms), kind, name, app, action, target, address.
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
WHERE app = :app
    AND id < :before
ORDER BY id DESC
LIMIT :limit;
