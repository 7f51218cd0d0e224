-- An invitation, if the app has fewer than max. Parameters: hash, app, role, by (text), now and
-- expires (UTC ms), max. Column: id.
INSERT INTO invitations (hash, app, role, created_ms, created_by, expires_ms)
SELECT
    :hash,
    :app,
    :role,
    :now,
    :by,
    :expires
WHERE (SELECT count(*) FROM invitations WHERE app = :app) < :max
RETURNING id;
