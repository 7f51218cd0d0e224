-- The oldest entries of a kind, over a number. Parameters: is_refusal, max.
DELETE FROM audit
WHERE is_refusal = :is_refusal
    AND id <= (
        SELECT id
        FROM audit
        WHERE is_refusal = :is_refusal
        ORDER BY id DESC
        LIMIT 1 OFFSET :max
    );
