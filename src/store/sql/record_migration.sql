-- Records that a migration has been applied. Parameters: number UInt64, name String,
-- checksum UInt64.
INSERT INTO schema_migrations (number, name, checksum)
SELECT
    toUInt32({number:UInt64}),
    {name:String},
    {checksum:UInt64}
