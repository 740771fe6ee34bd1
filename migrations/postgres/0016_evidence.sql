-- Same tables, columns and indexes as ../sqlite/0016_evidence.sql.

-- What people did is found by when they did it, so that the cost grows with what happened in a window and not with the
-- years before it.

-- What one account pushed at once.
CREATE TABLE pushes (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    repository TEXT COLLATE "C" NOT NULL,
    branch     TEXT COLLATE "C" NOT NULL,
    author     TEXT COLLATE "C" NOT NULL,
    pushed_at  TIMESTAMPTZ NOT NULL,
    fact       JSONB NOT NULL
);
CREATE INDEX evidence_pushes ON pushes (pushed_at);

-- Issues that somebody opened, closed or was given.
CREATE TABLE issue_moves (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    issue    TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    account  TEXT COLLATE "C" NOT NULL,
    moved_at TIMESTAMPTZ NOT NULL,
    fact     JSONB NOT NULL
);
CREATE INDEX evidence_issue_moves ON issue_moves (moved_at);

-- Who may look into a repository.
CREATE TABLE repositories (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    is_private BOOLEAN NOT NULL,
    fact       JSONB NOT NULL
);

-- A push belongs to the pull request of its branch, and a merge is no work of its own.
ALTER TABLE pull_requests ADD COLUMN head_ref TEXT COLLATE "C";
ALTER TABLE pull_requests ADD COLUMN merge_commit_sha TEXT COLLATE "C";
UPDATE pull_requests SET head_ref = fact -> 'snapshot' -> 'value' ->> 'head_ref',
    merge_commit_sha = fact -> 'snapshot' -> 'value' ->> 'merge_commit_sha';
CREATE INDEX evidence_branch ON pull_requests (head_ref, closed_at);
CREATE INDEX evidence_merge_commit ON pull_requests (merge_commit_sha) WHERE merge_commit_sha IS NOT NULL;
CREATE INDEX evidence_opened ON pull_requests (created_at);
CREATE INDEX evidence_merged ON pull_requests (merged_at) WHERE merged_at IS NOT NULL;

ALTER TABLE deployments ADD COLUMN succeeded_at TIMESTAMPTZ;
UPDATE deployments SET succeeded_at = CAST(fact ->> 'succeeded_at' AS TIMESTAMPTZ);
CREATE INDEX evidence_deployed ON deployments (succeeded_at) WHERE succeeded_at IS NOT NULL;

CREATE INDEX evidence_released ON releases (published_at);

-- When an incident was over; one that began in a window is found by incidents_opened.
ALTER TABLE incidents ADD COLUMN resolved_at TIMESTAMPTZ;
UPDATE incidents SET resolved_at = CAST(fact -> 'snapshot' -> 'value' ->> 'resolved_at' AS TIMESTAMPTZ);
CREATE INDEX evidence_resolved ON incidents (resolved_at) WHERE resolved_at IS NOT NULL;

CREATE INDEX evidence_decided ON approvals (updated_at);
CREATE INDEX evidence_author ON waiting (author);
