-- A new user; no row when the name is taken. Parameters: name, password (argon2id text), is_admin,
-- now (UTC ms).
INSERT INTO users (name, password, is_admin, created_ms, logged_in_ms)
VALUES (:name, :password, :is_admin, :now, 0)
ON CONFLICT (name) DO NOTHING
RETURNING id;
