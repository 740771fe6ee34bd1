-- Same tables, columns and indexes as ../sqlite/0010_api_tokens.sql.

-- Tokens by which programs act for a person over HTTP. The token itself is not here, only SHA-256 of it.
CREATE TABLE api_tokens (
    name         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    hash         TEXT COLLATE "C" NOT NULL,
    slack_user   TEXT COLLATE "C" NOT NULL,
    scopes       JSONB NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (hash);
