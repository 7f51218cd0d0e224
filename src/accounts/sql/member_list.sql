-- The members of an app by name. Parameter: app. Columns: name, role.
SELECT
    users.name,
    members.role
FROM members
JOIN users ON users.id = members.user
WHERE members.app = :app
ORDER BY users.name;
