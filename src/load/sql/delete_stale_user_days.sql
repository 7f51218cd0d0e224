-- Deletes rows of user_days that are older than a rebuild: replaced, or without events. A mutation.
-- Parameters: app String, version UInt64 (of the rebuild).
ALTER TABLE user_days
DELETE WHERE app = {app:String} AND version < {version:UInt64}
