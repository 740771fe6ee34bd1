-- Same tables, columns and indexes as ../postgres/0010_api_tokens.sql.

-- Tokens by which programs act for a person over HTTP. The token itself is not here, only SHA-256 of it.
CREATE TABLE api_tokens (
    name         TEXT NOT NULL PRIMARY KEY,
    hash         TEXT NOT NULL,
    slack_user   TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    expires_at   TEXT,
    last_used_at TEXT
) STRICT;
CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (hash);
