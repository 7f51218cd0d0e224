-- Makes an administrator, or one less. Parameters: user (id), is_admin.
UPDATE users
SET is_admin = :is_admin
WHERE id = :user;
