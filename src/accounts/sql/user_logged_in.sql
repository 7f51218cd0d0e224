-- A user has logged in. Parameters: user (id), now (UTC ms).
UPDATE users
SET logged_in_ms = :now
WHERE id = :user;
