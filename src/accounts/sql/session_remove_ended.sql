-- Sessions whose time is over. Parameter: now (UTC ms).
DELETE FROM sessions
WHERE expires_ms <= :now;
