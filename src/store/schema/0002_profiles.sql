-- What $profile events say of a user: kind 1 = gender (1 male, 2 female), kind 2 = age in whole
-- years plus 1. The latest of all history, in the order (time_ms, batch, seq) of events, holds.
CREATE TABLE IF NOT EXISTS profiles
(
    app {?lowcard:LowCardinality(String)}{?!lowcard:String},
    kind UInt8,
    user_hash UInt64,
    time_ms Int64,
    batch UInt32,
    seq UInt32,
    value UInt8
)
ENGINE = ReplacingMergeTree
ORDER BY (app, kind, user_hash, time_ms, batch, seq)
SETTINGS index_granularity = 8192{?fsync:, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 134217728};
