-- What an app is to Weixin's clients. Parameter: app. Column: appid.
SELECT appid
FROM weixin_apps
WHERE app = :app;
