-- Is that the set-up code? Parameter: hash. A row when it is.
SELECT 1
FROM setup
WHERE hash = :hash;
