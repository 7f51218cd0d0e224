-- Whose session is that, if it has not ended? Parameters: hash, now (UTC ms). Columns: user's id,
-- name, is_admin; end (UTC ms).
SELECT
    users.id,
    users.name,
    users.is_admin,
    sessions.expires_ms
FROM sessions
JOIN users ON users.id = sessions.user
WHERE sessions.hash = :hash
    AND sessions.expires_ms > :now;
