-- What do the profiles of an app's users say last?
-- Parameters: app String.
-- Columns: user_hash UInt64, kind UInt8 (1 gender, 2 age), value UInt8.
SELECT
    user_hash,
    kind,
    arraySort(groupArray((time_ms, batch, seq, value)))[-1].4 AS last_value
FROM profiles
WHERE app = {app:String}
GROUP BY user_hash, kind
FORMAT RowBinary
