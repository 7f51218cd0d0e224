-- The code that makes the first user, in place of the one before. Parameter: hash.
INSERT INTO setup (id, hash)
VALUES (1, :hash)
ON CONFLICT (id) DO UPDATE SET hash = excluded.hash;
