-- Is that an invitation that holds? Parameters: hash, now (UTC ms). Columns: app, role.
SELECT
    app,
    role
FROM invitations
WHERE hash = :hash
    AND expires_ms > :now;
