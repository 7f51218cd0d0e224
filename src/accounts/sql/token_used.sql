-- A token has been used. Parameters: id, now (UTC ms).
UPDATE tokens
SET used_ms = :now
WHERE id = :id
    AND used_ms < :now;
