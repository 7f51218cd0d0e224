-- The user goes, with sessions and memberships. Parameter: user (id).
DELETE FROM users
WHERE id = :user;
