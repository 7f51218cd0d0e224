-- The session ends. Parameter: hash.
DELETE FROM sessions
WHERE hash = :hash;
