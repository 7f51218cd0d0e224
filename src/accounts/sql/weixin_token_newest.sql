-- The newest token of an app. Parameters: app, stable (0 or 1). Columns: seed, end (UTC ms).
SELECT
    seed,
    expires_ms
FROM weixin_tokens
WHERE app = :app
    AND is_stable = :stable
ORDER BY id DESC
LIMIT 1;
