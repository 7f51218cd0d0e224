-- A migration has been applied. Parameters: number, name, checksum, now (UTC ms).
INSERT INTO schema_migrations (number, name, checksum, applied_ms)
VALUES (:number, :name, :checksum, :now);
