-- Tokens of an app that would hold longer end at a moment. Parameters: app, stable (0 or 1), until
-- (UTC ms).
UPDATE weixin_tokens
SET expires_ms = :until
WHERE app = :app
    AND is_stable = :stable
    AND expires_ms > :until;
