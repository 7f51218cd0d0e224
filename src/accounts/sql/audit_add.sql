-- Somebody did something. Parameters: now (UTC ms), kind, name, app, action, target, address,
-- is_refusal. Column: id.
INSERT INTO audit (time_ms, kind, name, app, action, target, address, is_refusal)
VALUES (:now, :kind, :name, :app, :action, :target, :address, :is_refusal)
RETURNING id;
