-- Tokens of an app that ended before a moment, and the oldest over a number. Parameters: app,
-- stable (0 or 1), before (UTC ms), max.
DELETE FROM weixin_tokens
WHERE app = :app
    AND is_stable = :stable
    AND (expires_ms < :before
        OR id NOT IN (
            SELECT id
            FROM weixin_tokens
            WHERE app = :app
                AND is_stable = :stable
            ORDER BY id DESC
            LIMIT :max));
