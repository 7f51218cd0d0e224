-- How many users are there? Columns: users, administrators.
SELECT
    count(*),
    coalesce(sum(is_admin), 0)
FROM users;
