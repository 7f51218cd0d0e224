-- The apps of a user. Parameter: user (id). Columns: app, role.
SELECT
    app,
    role
FROM members
WHERE user = :user
ORDER BY app;
