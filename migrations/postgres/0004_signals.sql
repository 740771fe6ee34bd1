-- What rules need to know of an open pull request; empty until its row is worked out again. Not JSONB: every row is read
-- by every evaluation and nothing looks inside, and writing JSONB out as text takes longer than all the rest.
ALTER TABLE waiting ADD COLUMN watch JSON;
INSERT INTO waiting_stale (pull_request) SELECT pull_request FROM waiting WHERE TRUE ON CONFLICT DO NOTHING;

-- Runs that have not ended.
CREATE INDEX ci_runs_pending ON ci_runs (created_at, head_sha, on_default_branch) WHERE outcome = 'pending';

-- Derived from events_raw and rebuilt by a replay.
CREATE TABLE incidents (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    state      TEXT COLLATE "C" NOT NULL,
    repository TEXT COLLATE "C",
    opened_at  TIMESTAMPTZ NOT NULL,
    fact       JSONB NOT NULL
);
CREATE INDEX incidents_open ON incidents (opened_at) WHERE state = 'open';

-- What people are told about: one open signal per rule and subject.
CREATE TABLE signals (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    rule        TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    subject     TEXT COLLATE "C" NOT NULL,
    severity    TEXT COLLATE "C" NOT NULL,
    finding     JSONB NOT NULL,
    -- A fingerprint of the finding, by which an evaluation sees whether it changed.
    digest      TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    opened_at   TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ,
    -- The purpose of the post that tells of it; empty if people are not told; NULL while that is undecided.
    bulletin    TEXT COLLATE "C"
);
CREATE UNIQUE INDEX signals_open ON signals (rule, subject) WHERE state = 'open';
CREATE INDEX signals_unannounced ON signals (id) WHERE state = 'open' AND bulletin IS NULL;
CREATE INDEX signals_bulletin ON signals (bulletin, id);
CREATE INDEX signals_subject ON signals (subject, opened_at);
