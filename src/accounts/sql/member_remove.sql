-- A member of an app no longer. Parameters: app, user (id).
DELETE FROM members
WHERE app = :app
    AND user = :user;
