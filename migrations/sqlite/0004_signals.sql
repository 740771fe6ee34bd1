-- What rules need to know of an open pull request; empty until its row is worked out again.
ALTER TABLE waiting ADD COLUMN watch TEXT;
INSERT INTO waiting_stale (pull_request) SELECT pull_request FROM waiting WHERE TRUE ON CONFLICT DO NOTHING;

-- Runs that have not ended.
CREATE INDEX ci_runs_pending ON ci_runs (created_at, head_sha, on_default_branch) WHERE outcome = 'pending';

-- Derived from events_raw and rebuilt by a replay.
CREATE TABLE incidents (
    id         TEXT NOT NULL PRIMARY KEY,
    state      TEXT NOT NULL,
    repository TEXT,
    opened_at  TEXT NOT NULL,
    fact       TEXT NOT NULL
) STRICT;
CREATE INDEX incidents_open ON incidents (opened_at) WHERE state = 'open';

-- What people are told about: one open signal per rule and subject.
CREATE TABLE signals (
    id          TEXT NOT NULL PRIMARY KEY,
    rule        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    severity    TEXT NOT NULL,
    finding     TEXT NOT NULL,
    -- A fingerprint of the finding, by which an evaluation sees whether it changed.
    digest      TEXT NOT NULL,
    state       TEXT NOT NULL,
    opened_at   TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    resolved_at TEXT,
    -- The purpose of the post that tells of it; empty if people are not told; NULL while that is undecided.
    bulletin    TEXT
) STRICT;
CREATE UNIQUE INDEX signals_open ON signals (rule, subject) WHERE state = 'open';
CREATE INDEX signals_unannounced ON signals (id) WHERE state = 'open' AND bulletin IS NULL;
CREATE INDEX signals_bulletin ON signals (bulletin, id);
CREATE INDEX signals_subject ON signals (subject, opened_at);
