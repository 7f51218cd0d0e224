-- Whose appid is that? Parameter: appid. Columns: app, the secret's hash.
SELECT
    app,
    secret
FROM weixin_apps
WHERE appid = :appid;
