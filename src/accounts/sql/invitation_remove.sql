-- An invitation is withdrawn. Parameters: app, id.
DELETE FROM invitations
WHERE app = :app
    AND id = :id;
