-- A token. Parameters: hash, app, seed, stable (0 or 1), expires (UTC ms).
INSERT INTO weixin_tokens (hash, app, seed, is_stable, expires_ms)
VALUES (:hash, :app, :seed, :stable, :expires);
