-- Whose token is that? Parameter: hash. Columns: id, app, role, label, last use (UTC ms).
SELECT
    id,
    app,
    role,
    label,
    used_ms
FROM tokens
WHERE hash = :hash;
