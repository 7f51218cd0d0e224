-- A token, if the app has fewer than max. Parameters: hash, app, role, label, by (text), now
-- (UTC ms), max. Column: id.
INSERT INTO tokens (hash, app, role, label, created_ms, created_by, used_ms)
SELECT
    :hash,
    :app,
    :role,
    :label,
    :now,
    :by,
    0
WHERE (SELECT count(*) FROM tokens WHERE app = :app) < :max
RETURNING id;
