-- A member of an app, new or with another role. Parameters: app, user (id), role.
INSERT INTO members (app, user, role)
VALUES (:app, :user, :role)
ON CONFLICT (app, user) DO UPDATE SET role = excluded.role;
