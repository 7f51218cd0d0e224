-- All users by name. Columns: name, is_admin, created and last log-in (UTC ms; 0 = never).
SELECT
    name,
    is_admin,
    created_ms,
    logged_in_ms
FROM users
ORDER BY name;
