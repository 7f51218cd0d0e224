-- All tokens of an app end. Parameter: app.
DELETE FROM weixin_tokens
WHERE app = :app;
