-- A user's sessions end, all but one. Parameters: user (id), hash of the one that stays (empty:
-- none does).
DELETE FROM sessions
WHERE user = :user
    AND hash <> :hash;
