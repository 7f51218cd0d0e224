-- Which migrations has this database had? No parameters.
-- Columns: number, name, checksum (XXH3 of the file as it was when applied).
SELECT
    number,
    name,
    checksum
FROM schema_migrations FINAL
ORDER BY number
FORMAT RowBinary
