-- What is a user on an app? Parameters: app, user (id). Column: role.
SELECT role
FROM members
WHERE app = :app
    AND user = :user;
