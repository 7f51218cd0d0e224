-- What has been applied to this database. This file is run at every opening, before the others, and
-- is not recorded itself.
CREATE TABLE IF NOT EXISTS schema_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    applied_ms INTEGER NOT NULL
) STRICT;
