-- An invitation is accepted, if it still holds. Parameters: hash, now (UTC ms). Columns: app, role.
DELETE FROM invitations
WHERE hash = :hash
    AND expires_ms > :now
RETURNING app, role;
