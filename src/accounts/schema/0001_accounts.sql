-- Users, what they may, how they prove it, and who did what. Times are UTC ms. A secret (cookie,
-- token, code) is kept as the BLAKE2b-256 hash of its text only.

-- name is what is typed to log in; password is libsodium's argon2id text.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    is_admin INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    logged_in_ms INTEGER NOT NULL
) STRICT;

-- Who may what on an app. app is its id in apps.json; role is an enum accounts_role.
CREATE TABLE members (
    app TEXT NOT NULL,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role INTEGER NOT NULL,
    PRIMARY KEY (app, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user);

CREATE TABLE sessions (
    hash BLOB PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user, created_ms);
CREATE INDEX sessions_by_end ON sessions (expires_ms);

-- used_ms is 0 until the first use, and lags behind the last one by up to a minute.
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    app TEXT NOT NULL,
    role INTEGER NOT NULL,
    label TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    used_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX tokens_by_app ON tokens (app, id);

-- A code that makes its bearer a member, once.
CREATE TABLE invitations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    app TEXT NOT NULL,
    role INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX invitations_by_app ON invitations (app, id);

-- The code that makes the first user; at most one row.
CREATE TABLE setup (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    hash BLOB NOT NULL
) STRICT;

-- Who (kind is an enum accounts_kind) did what to what, when, from where. app is empty for what
-- concerns the whole server. is_refusal marks log-ins that failed: those are kept in a number of
-- their own, so that guessing cannot push out the rest.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    app TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    address TEXT NOT NULL,
    is_refusal INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_by_app ON audit (app, id);
CREATE INDEX audit_by_refusal ON audit (is_refusal, id);
