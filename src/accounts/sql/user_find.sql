-- The user of that name. Parameter: name. Columns: id, password (argon2id text), is_admin.
SELECT
    id,
    password,
    is_admin
FROM users
WHERE name = :name;
