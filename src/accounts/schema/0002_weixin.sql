-- Apps that answer as Weixin's server API does, to who shows appid and secret. Times are UTC ms.

-- secret is the BLAKE2b-256 hash of the secret's text.
CREATE TABLE weixin_apps (
    app TEXT PRIMARY KEY,
    appid TEXT NOT NULL UNIQUE,
    secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What was given out for them. hash is that of the token's text; the text is made of the secret and
-- seed, so that only who shows the secret can be told it again. is_stable: by stable_token, whose
-- tokens and those of token do not end each other.
CREATE TABLE weixin_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    app TEXT NOT NULL REFERENCES weixin_apps (app) ON DELETE CASCADE,
    seed BLOB NOT NULL,
    is_stable INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX weixin_tokens_by_app ON weixin_tokens (app, is_stable, id);
