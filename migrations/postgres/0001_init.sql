-- Same tables, columns and indexes as ../sqlite/0001_init.sql; only column types differ. Never edit a shipped
-- migration: add the next one to both folders, and give every new NOT NULL column a DEFAULT.

-- Text sorts by bytes ("C"), as in SQLite, whatever the database's own collation is.

-- Values of which there is one per installation.
CREATE TABLE installation (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);
-- Counts the transactions that wrote facts: a replay notices that somebody else wrote meanwhile.
INSERT INTO installation (name, value) VALUES ('facts_version', '0');

-- What came in, unchanged. Append-only.
CREATE TABLE events_raw (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    source       TEXT COLLATE "C" NOT NULL,
    delivery_key TEXT COLLATE "C" NOT NULL,
    event_type   TEXT COLLATE "C" NOT NULL,
    origin       TEXT COLLATE "C" NOT NULL,
    occurred_at  TIMESTAMPTZ,
    received_at  TIMESTAMPTZ NOT NULL,
    payload      BYTEA NOT NULL
);
-- lz4 compresses several times as fast as the default; a server built without it keeps the default.
DO $$ BEGIN
    ALTER TABLE events_raw ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
    NULL;
END $$;
CREATE UNIQUE INDEX events_raw_delivery ON events_raw (source, delivery_key);
CREATE INDEX events_raw_received ON events_raw (source, received_at);

-- Stored but not yet folded into facts.
CREATE TABLE events_pending (
    event_id TEXT COLLATE "C" NOT NULL PRIMARY KEY
);

-- Everything from here to "What people asked for" is derived from events_raw and rebuilt by a replay.

CREATE TABLE events_unrecognised (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    source     TEXT COLLATE "C" NOT NULL,
    event_type TEXT COLLATE "C" NOT NULL,
    reason     TEXT COLLATE "C" NOT NULL
);

CREATE TABLE pull_requests (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    repository TEXT COLLATE "C" NOT NULL,
    number     BIGINT NOT NULL,
    state      TEXT COLLATE "C",
    author     TEXT COLLATE "C",
    head_sha   TEXT COLLATE "C",
    created_at TIMESTAMPTZ,
    closed_at  TIMESTAMPTZ,
    merged_at  TIMESTAMPTZ,
    fact       JSONB NOT NULL
);
CREATE INDEX pull_requests_head ON pull_requests (head_sha) WHERE state = 'open';

CREATE TABLE reviews (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    pull_request TEXT COLLATE "C" NOT NULL,
    reviewer     TEXT COLLATE "C" NOT NULL,
    verdict      TEXT COLLATE "C" NOT NULL,
    submitted_at TIMESTAMPTZ NOT NULL,
    fact         JSONB NOT NULL
);
CREATE INDEX reviews_pull_request ON reviews (pull_request);

CREATE TABLE comments (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    pull_request TEXT COLLATE "C" NOT NULL,
    author       TEXT COLLATE "C" NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    fact         JSONB NOT NULL
);
CREATE INDEX comments_pull_request ON comments (pull_request);

CREATE TABLE ci_runs (
    id                TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    repository        TEXT COLLATE "C" NOT NULL,
    workflow          TEXT COLLATE "C" NOT NULL,
    head_sha          TEXT COLLATE "C" NOT NULL,
    on_default_branch BOOLEAN NOT NULL,
    outcome           TEXT COLLATE "C" NOT NULL,
    created_at        TIMESTAMPTZ NOT NULL,
    updated_at        TIMESTAMPTZ NOT NULL,
    fact              JSONB NOT NULL
);
CREATE INDEX ci_runs_head ON ci_runs (head_sha);
CREATE INDEX ci_runs_default_branch ON ci_runs (repository, workflow, outcome, created_at, id) WHERE on_default_branch;
CREATE INDEX ci_runs_red ON ci_runs (updated_at, repository, workflow) WHERE on_default_branch AND outcome = 'failure';

CREATE TABLE deployments (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    repository  TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    state_at    TIMESTAMPTZ NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    fact        JSONB NOT NULL
);
CREATE INDEX deployments_environment ON deployments (repository, environment, created_at, id);
CREATE INDEX deployments_failed ON deployments (state_at, repository, environment) WHERE state = 'failure';

CREATE TABLE releases (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    repository   TEXT COLLATE "C" NOT NULL,
    published_at TIMESTAMPTZ NOT NULL,
    fact         JSONB NOT NULL
);
CREATE INDEX releases_published ON releases (repository, published_at);

CREATE TABLE account_emails (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    email_digest TEXT COLLATE "C" NOT NULL,
    seen_at      TIMESTAMPTZ NOT NULL,
    fact         JSONB NOT NULL
);
CREATE INDEX account_emails_digest ON account_emails (email_digest, seen_at);

-- One row per open pull request: whose turn it is. Small, so that triage does not read the closed ones.
CREATE TABLE waiting (
    pull_request  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    turn          TEXT COLLATE "C" NOT NULL,
    since         TIMESTAMPTZ NOT NULL,
    is_ready      BOOLEAN NOT NULL,
    author_is_bot BOOLEAN NOT NULL,
    repository    TEXT COLLATE "C" NOT NULL,
    author        TEXT COLLATE "C" NOT NULL,
    line          JSONB NOT NULL
);
CREATE INDEX waiting_turn ON waiting (turn, since, pull_request, is_ready, author_is_bot, repository, author);

-- Pull requests of which an import changed something, and whose row above has not been worked out again.
CREATE TABLE waiting_stale (
    pull_request TEXT COLLATE "C" NOT NULL PRIMARY KEY
);

-- Labels of open pull requests, in lower case.
CREATE TABLE waiting_labels (
    pull_request TEXT COLLATE "C" NOT NULL,
    label        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (pull_request, label)
);
CREATE INDEX waiting_labels_label ON waiting_labels (label, pull_request);

-- Who must move on open pull requests, in lower case.
CREATE TABLE waiting_actors (
    pull_request TEXT COLLATE "C" NOT NULL,
    actor        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (pull_request, actor)
);
CREATE INDEX waiting_actors_actor ON waiting_actors (actor, pull_request);

-- What people asked for, and what was done.

CREATE TABLE links (
    slack_user TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    login      TEXT COLLATE "C" NOT NULL,
    origin     TEXT COLLATE "C" NOT NULL,
    precedence BIGINT NOT NULL,
    linked_at  TIMESTAMPTZ NOT NULL
);

CREATE TABLE snoozes (
    pull_request TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    reason       TEXT COLLATE "C" NOT NULL,
    until        TIMESTAMPTZ NOT NULL,
    snoozed_by   TEXT COLLATE "C" NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL
);

CREATE TABLE nudges (
    subject    TEXT COLLATE "C" NOT NULL,
    person     TEXT COLLATE "C" NOT NULL,
    day        DATE NOT NULL,
    claimed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (subject, person, day)
);

CREATE TABLE posts (
    purpose    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    channel    TEXT COLLATE "C" NOT NULL,
    ts         TEXT COLLATE "C",
    state      JSONB NOT NULL,
    version    BIGINT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    until      TIMESTAMPTZ NOT NULL
);
CREATE INDEX posts_until ON posts (until);

CREATE TABLE cursors (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value      JSONB NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE deliveries (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    received_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX deliveries_received ON deliveries (received_at);

CREATE TABLE ticks (
    schedule   TEXT COLLATE "C" NOT NULL,
    due_at     TIMESTAMPTZ NOT NULL,
    claimed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (schedule, due_at)
);
