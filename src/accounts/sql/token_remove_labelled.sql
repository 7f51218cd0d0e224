-- Tokens of that label are revoked. Parameters: app, label.
DELETE FROM tokens
WHERE app = :app
    AND label = :label;
