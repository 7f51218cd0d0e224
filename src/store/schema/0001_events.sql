-- Events and the rollups that standard reports read.
--
-- {?codec:…} is kept where the server knows column codecs, {?lowcard:…} where it has LowCardinality
-- outside experiments, {?fsync:…} where MergeTree can fsync (see docs/sql.md). Such
-- a server also keeps parts below 128 MiB in one file: making and syncing two files a column costs
-- an insert more than its rows do.

-- Every accepted event, once. (batch, seq) is the journal's order: batch is the loader's batch
-- number, seq counts the events of one user within it. Times are UTC ms; day is the app's own
-- calendar day of time_ms.
CREATE TABLE IF NOT EXISTS events
(
    app {?lowcard:LowCardinality(String)}{?!lowcard:String},
    day Date {?codec:CODEC(Delta, ZSTD(1))},
    user_hash UInt64 {?codec:CODEC(ZSTD(1))},
    time_ms Int64 {?codec:CODEC(Delta, ZSTD(1))},
    batch UInt32 {?codec:CODEC(ZSTD(1))},
    seq UInt32 {?codec:CODEC(ZSTD(1))},
    name {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    user String {?codec:CODEC(ZSTD(1))},
    id String {?codec:CODEC(ZSTD(1))},
    flags UInt8 {?codec:CODEC(ZSTD(1))},
    open_id String {?codec:CODEC(ZSTD(1))},
    open_start_ms Int64 {?codec:CODEC(ZSTD(1))},
    scene UInt16 {?codec:CODEC(ZSTD(1))},
    source_group UInt8 {?codec:CODEC(ZSTD(1))},
    page String {?codec:CODEC(ZSTD(1))},
    query String {?codec:CODEC(ZSTD(1))},
    referrer String {?codec:CODEC(ZSTD(1))},
    title String {?codec:CODEC(ZSTD(1))},
    dwell_ms Int64 {?codec:CODEC(ZSTD(1))},
    element String {?codec:CODEC(ZSTD(1))},
    order_id String {?codec:CODEC(ZSTD(1))},
    amount_fen Int64 {?codec:CODEC(ZSTD(1))},
    password_free UInt8 {?codec:CODEC(ZSTD(1))},
    platform UInt8 {?codec:CODEC(ZSTD(1))},
    brand {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    model {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    os_version {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    client_version {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    library_version {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    app_version {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    sdk {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    screen_width UInt16 {?codec:CODEC(ZSTD(1))},
    screen_height UInt16 {?codec:CODEC(ZSTD(1))},
    language {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    network {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    country {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    province {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    city {?lowcard:LowCardinality(String)}{?!lowcard:String} {?codec:CODEC(ZSTD(1))},
    str_names Array({?lowcard:LowCardinality(String)}{?!lowcard:String}) {?codec:CODEC(ZSTD(1))},
    str_values Array(String) {?codec:CODEC(ZSTD(1))},
    num_names Array({?lowcard:LowCardinality(String)}{?!lowcard:String}) {?codec:CODEC(ZSTD(1))},
    num_values Array(Float64) {?codec:CODEC(ZSTD(1))}
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (app, day, user_hash, time_ms)
SETTINGS index_granularity = 8192{?fsync:, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 134217728};

-- One row a user and day; the row with the greatest version holds. Counts follow
-- docs/indicators.md: page views and dwell on the day they happened, opens (and their depth) on the
-- day they began. The arrays open_* have an element an open that began on the day; the arrays
-- page_* an element a page seen, left, entered, exited or shared on the day.
CREATE TABLE IF NOT EXISTS user_days
(
    app {?lowcard:LowCardinality(String)}{?!lowcard:String},
    day Date,
    user_hash UInt64,
    version UInt64,
    visit_pv UInt32,
    dwell_ms UInt64,
    opens UInt32,
    depth_sum UInt32,
    shares UInt32,
    adds UInt32,
    removes UInt32,
    is_added_at_end Int8,
    pay_cnt UInt32,
    pay_fen Int64,
    refund_cnt UInt32,
    refund_fen Int64,
    platform UInt8,
    source_group UInt8,
    scene UInt16,
    model {?lowcard:LowCardinality(String)}{?!lowcard:String},
    app_version {?lowcard:LowCardinality(String)}{?!lowcard:String},
    country {?lowcard:LowCardinality(String)}{?!lowcard:String},
    province {?lowcard:LowCardinality(String)}{?!lowcard:String},
    city {?lowcard:LowCardinality(String)}{?!lowcard:String},
    open_start_ms Array(Int64),
    open_end_ms Array(Int64),
    open_dwell_ms Array(UInt64),
    open_pv Array(UInt32),
    open_depth Array(UInt32),
    open_scene Array(UInt16),
    open_entry Array(String),
    open_exit Array(String),
    page Array(String),
    page_pv Array(UInt32),
    page_dwell_ms Array(UInt64),
    page_entries Array(UInt32),
    page_exits Array(UInt32),
    page_shares Array(UInt32)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (app, day, user_hash)
SETTINGS index_granularity = 8192{?fsync:, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 134217728};

-- The first day of a kind of thing for each user: kind 1 = first page visit ever, 2 = first payment
-- ever (successful, not password-free). rank = 65535 - first_day, so that the earliest day ever
-- inserted is the one that holds, whatever the order and number of inserts.
CREATE TABLE IF NOT EXISTS users
(
    app {?lowcard:LowCardinality(String)}{?!lowcard:String},
    user_hash UInt64,
    kind UInt8,
    rank UInt16,
    first_day Date,
    user String
)
ENGINE = ReplacingMergeTree(rank)
ORDER BY (app, kind, user_hash)
SETTINGS index_granularity = 8192{?fsync:, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 134217728};
