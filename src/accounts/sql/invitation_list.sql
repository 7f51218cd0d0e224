-- The invitations of an app that hold. Parameters: app, now (UTC ms). Columns: id, role, created
-- (UTC ms), created by, end (UTC ms).
SELECT
    id,
    role,
    created_ms,
    created_by,
    expires_ms
FROM invitations
WHERE app = :app
    AND expires_ms > :now
ORDER BY id;
