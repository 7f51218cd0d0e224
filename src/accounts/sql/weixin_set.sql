-- An app's appid and secret. Parameters: app, appid, secret (hash).
INSERT INTO weixin_apps (app, appid, secret)
VALUES (:app, :appid, :secret)
ON CONFLICT (app) DO UPDATE SET
    appid = :appid,
    secret = :secret;
