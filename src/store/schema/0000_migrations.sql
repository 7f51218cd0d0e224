-- What has been applied to this database. This file is run at every start, before the others, and
-- is not recorded itself.
CREATE TABLE IF NOT EXISTS schema_migrations
(
    number UInt32,
    name String,
    checksum UInt64,
    applied DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY number
SETTINGS index_granularity = 8192{?fsync:, fsync_after_insert = 1, fsync_part_directory = 1};
