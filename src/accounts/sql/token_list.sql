-- The tokens of an app. Parameter: app. Columns: id, role, label, created (UTC ms), created by,
-- last use (UTC ms; 0 = never).
SELECT
    id,
    role,
    label,
    created_ms,
    created_by,
    used_ms
FROM tokens
WHERE app = :app
ORDER BY id;
