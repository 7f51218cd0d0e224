-- Deletes all events of a batch, as a mutation.
-- Parameters: batch UInt64.
ALTER TABLE events
DELETE WHERE batch = {batch:UInt64}
