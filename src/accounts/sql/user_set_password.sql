-- A new password, if the one before is still that. Parameters: user (id), former and password
-- (argon2id texts).
UPDATE users
SET password = :password
WHERE id = :user
    AND password = :former;
