-- Which migrations has this database had? Columns: number, name, checksum.
SELECT
    number,
    name,
    checksum
FROM schema_migrations
ORDER BY number;
