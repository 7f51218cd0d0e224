-- A token is revoked. Parameters: app, id. Column: its label.
DELETE FROM tokens
WHERE app = :app
    AND id = :id
RETURNING label;
