-- Same tables, columns and indexes as ../postgres/0001_init.sql; only column types differ. Never edit a shipped
-- migration: add the next one to both folders, and give every new NOT NULL column a DEFAULT.

-- Values of which there is one per installation.
CREATE TABLE installation (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
-- Counts the transactions that wrote facts: a replay notices that somebody else wrote meanwhile.
INSERT INTO installation (name, value) VALUES ('facts_version', '0');

-- What came in, unchanged. Append-only.
CREATE TABLE events_raw (
    id           TEXT NOT NULL PRIMARY KEY,
    source       TEXT NOT NULL,
    delivery_key TEXT NOT NULL,
    event_type   TEXT NOT NULL,
    origin       TEXT NOT NULL,
    occurred_at  TEXT,
    received_at  TEXT NOT NULL,
    payload      BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_raw_delivery ON events_raw (source, delivery_key);
CREATE INDEX events_raw_received ON events_raw (source, received_at);

-- Stored but not yet folded into facts.
CREATE TABLE events_pending (
    event_id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Everything from here to "What people asked for" is derived from events_raw and rebuilt by a replay.

CREATE TABLE events_unrecognised (
    id         TEXT NOT NULL PRIMARY KEY,
    source     TEXT NOT NULL,
    event_type TEXT NOT NULL,
    reason     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pull_requests (
    id         TEXT NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL,
    number     INTEGER NOT NULL,
    state      TEXT,
    author     TEXT,
    head_sha   TEXT,
    created_at TEXT,
    closed_at  TEXT,
    merged_at  TEXT,
    fact       TEXT NOT NULL
) STRICT;
CREATE INDEX pull_requests_head ON pull_requests (head_sha) WHERE state = 'open';

CREATE TABLE reviews (
    id           TEXT NOT NULL PRIMARY KEY,
    pull_request TEXT NOT NULL,
    reviewer     TEXT NOT NULL,
    verdict      TEXT NOT NULL,
    submitted_at TEXT NOT NULL,
    fact         TEXT NOT NULL
) STRICT;
CREATE INDEX reviews_pull_request ON reviews (pull_request);

CREATE TABLE comments (
    id           TEXT NOT NULL PRIMARY KEY,
    pull_request TEXT NOT NULL,
    author       TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    fact         TEXT NOT NULL
) STRICT;
CREATE INDEX comments_pull_request ON comments (pull_request);

CREATE TABLE ci_runs (
    id                TEXT NOT NULL PRIMARY KEY,
    repository        TEXT NOT NULL,
    workflow          TEXT NOT NULL,
    head_sha          TEXT NOT NULL,
    on_default_branch INTEGER NOT NULL,
    outcome           TEXT NOT NULL,
    created_at        TEXT NOT NULL,
    updated_at        TEXT NOT NULL,
    fact              TEXT NOT NULL
) STRICT;
CREATE INDEX ci_runs_head ON ci_runs (head_sha);
CREATE INDEX ci_runs_default_branch ON ci_runs (repository, workflow, outcome, created_at, id) WHERE on_default_branch;
CREATE INDEX ci_runs_red ON ci_runs (updated_at, repository, workflow) WHERE on_default_branch AND outcome = 'failure';

CREATE TABLE deployments (
    id          TEXT NOT NULL PRIMARY KEY,
    repository  TEXT NOT NULL,
    environment TEXT NOT NULL,
    state       TEXT NOT NULL,
    state_at    TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    fact        TEXT NOT NULL
) STRICT;
CREATE INDEX deployments_environment ON deployments (repository, environment, created_at, id);
CREATE INDEX deployments_failed ON deployments (state_at, repository, environment) WHERE state = 'failure';

CREATE TABLE releases (
    id           TEXT NOT NULL PRIMARY KEY,
    repository   TEXT NOT NULL,
    published_at TEXT NOT NULL,
    fact         TEXT NOT NULL
) STRICT;
CREATE INDEX releases_published ON releases (repository, published_at);

CREATE TABLE account_emails (
    id           TEXT NOT NULL PRIMARY KEY,
    email_digest TEXT NOT NULL,
    seen_at      TEXT NOT NULL,
    fact         TEXT NOT NULL
) STRICT;
CREATE INDEX account_emails_digest ON account_emails (email_digest, seen_at);

-- One row per open pull request: whose turn it is. Small, so that triage does not read the closed ones.
CREATE TABLE waiting (
    pull_request  TEXT NOT NULL PRIMARY KEY,
    turn          TEXT NOT NULL,
    since         TEXT NOT NULL,
    is_ready      INTEGER NOT NULL,
    author_is_bot INTEGER NOT NULL,
    repository    TEXT NOT NULL,
    author        TEXT NOT NULL,
    line          TEXT NOT NULL
) STRICT;
CREATE INDEX waiting_turn ON waiting (turn, since, pull_request, is_ready, author_is_bot, repository, author);

-- Pull requests of which an import changed something, and whose row above has not been worked out again.
CREATE TABLE waiting_stale (
    pull_request TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Labels of open pull requests, in lower case.
CREATE TABLE waiting_labels (
    pull_request TEXT NOT NULL,
    label        TEXT NOT NULL,
    PRIMARY KEY (pull_request, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_labels_label ON waiting_labels (label, pull_request);

-- Who must move on open pull requests, in lower case.
CREATE TABLE waiting_actors (
    pull_request TEXT NOT NULL,
    actor        TEXT NOT NULL,
    PRIMARY KEY (pull_request, actor)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_actors_actor ON waiting_actors (actor, pull_request);

-- What people asked for, and what was done.

CREATE TABLE links (
    slack_user TEXT NOT NULL PRIMARY KEY,
    login      TEXT NOT NULL,
    origin     TEXT NOT NULL,
    precedence INTEGER NOT NULL,
    linked_at  TEXT NOT NULL
) STRICT;

CREATE TABLE snoozes (
    pull_request TEXT NOT NULL PRIMARY KEY,
    reason       TEXT NOT NULL,
    until        TEXT NOT NULL,
    snoozed_by   TEXT NOT NULL,
    created_at   TEXT NOT NULL
) STRICT;

CREATE TABLE nudges (
    subject    TEXT NOT NULL,
    person     TEXT NOT NULL,
    day        TEXT NOT NULL,
    claimed_at TEXT NOT NULL,
    PRIMARY KEY (subject, person, day)
) STRICT;

CREATE TABLE posts (
    purpose    TEXT NOT NULL PRIMARY KEY,
    channel    TEXT NOT NULL,
    ts         TEXT,
    state      TEXT NOT NULL,
    version    INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    until      TEXT NOT NULL
) STRICT;
CREATE INDEX posts_until ON posts (until);

CREATE TABLE cursors (
    name       TEXT NOT NULL PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE deliveries (
    id          TEXT NOT NULL PRIMARY KEY,
    received_at TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_received ON deliveries (received_at);

CREATE TABLE ticks (
    schedule   TEXT NOT NULL,
    due_at     TEXT NOT NULL,
    claimed_at TEXT NOT NULL,
    PRIMARY KEY (schedule, due_at)
) STRICT;
