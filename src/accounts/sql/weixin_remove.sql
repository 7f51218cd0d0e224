-- An app has no appid any more; its tokens go with it. Parameter: app.
DELETE FROM weixin_apps
WHERE app = :app;
