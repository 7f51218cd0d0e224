-- Invitations whose time is over. Parameter: now (UTC ms).
DELETE FROM invitations
WHERE expires_ms <= :now;
