-- A session of a user whose password is still the one that was checked. Parameters: hash, user
-- (id), password (argon2id text), now and expires (UTC ms).
INSERT INTO sessions (hash, user, created_ms, expires_ms)
SELECT
    :hash,
    id,
    :now,
    :expires
FROM users
WHERE id = :user
    AND password = :password;
