-- Another appid; the secret stays. Parameters: app, appid.
UPDATE weixin_apps
SET appid = :appid
WHERE app = :app;
