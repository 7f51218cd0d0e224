-- A user's oldest sessions, over a number. Parameters: user (id), max.
DELETE FROM sessions
WHERE hash IN (
    SELECT hash
    FROM sessions
    WHERE user = :user
    ORDER BY created_ms DESC
    LIMIT -1 OFFSET :max
);
