-- Deletes what one partition has of a batch, as a mutation.
-- Parameters: batch UInt64, month UInt64 (202611).
ALTER TABLE events
DELETE WHERE toYYYYMM(day) = {month:UInt64} AND batch = {batch:UInt64}
