-- Whose token is that? Parameter: hash. Columns: app, end (UTC ms).
SELECT
    app,
    expires_ms
FROM weixin_tokens
WHERE hash = :hash;
