-- Same tables, columns and indexes as ../postgres/0016_evidence.sql.

-- What people did is found by when they did it, so that the cost grows with what happened in a window and not with the
-- years before it.

-- What one account pushed at once.
CREATE TABLE pushes (
    id         TEXT NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL,
    branch     TEXT NOT NULL,
    author     TEXT NOT NULL,
    pushed_at  TEXT NOT NULL,
    fact       TEXT NOT NULL
) STRICT;
CREATE INDEX evidence_pushes ON pushes (pushed_at);

-- Issues that somebody opened, closed or was given.
CREATE TABLE issue_moves (
    id       TEXT NOT NULL PRIMARY KEY,
    issue    TEXT NOT NULL,
    kind     TEXT NOT NULL,
    account  TEXT NOT NULL,
    moved_at TEXT NOT NULL,
    fact     TEXT NOT NULL
) STRICT;
CREATE INDEX evidence_issue_moves ON issue_moves (moved_at);

-- Who may look into a repository.
CREATE TABLE repositories (
    id         TEXT NOT NULL PRIMARY KEY,
    is_private INTEGER NOT NULL,
    fact       TEXT NOT NULL
) STRICT;

-- A push belongs to the pull request of its branch, and a merge is no work of its own.
ALTER TABLE pull_requests ADD COLUMN head_ref TEXT;
ALTER TABLE pull_requests ADD COLUMN merge_commit_sha TEXT;
UPDATE pull_requests SET head_ref = fact -> 'snapshot' -> 'value' ->> 'head_ref',
    merge_commit_sha = fact -> 'snapshot' -> 'value' ->> 'merge_commit_sha';
CREATE INDEX evidence_branch ON pull_requests (head_ref, closed_at);
CREATE INDEX evidence_merge_commit ON pull_requests (merge_commit_sha) WHERE merge_commit_sha IS NOT NULL;
CREATE INDEX evidence_opened ON pull_requests (created_at);
CREATE INDEX evidence_merged ON pull_requests (merged_at) WHERE merged_at IS NOT NULL;

ALTER TABLE deployments ADD COLUMN succeeded_at TEXT;
UPDATE deployments SET succeeded_at = REPLACE(fact ->> 'succeeded_at', 'Z', '+00:00');
CREATE INDEX evidence_deployed ON deployments (succeeded_at) WHERE succeeded_at IS NOT NULL;

CREATE INDEX evidence_released ON releases (published_at);

-- When an incident was over; one that began in a window is found by incidents_opened.
ALTER TABLE incidents ADD COLUMN resolved_at TEXT;
UPDATE incidents SET resolved_at = REPLACE(fact -> 'snapshot' -> 'value' ->> 'resolved_at', 'Z', '+00:00');
CREATE INDEX evidence_resolved ON incidents (resolved_at) WHERE resolved_at IS NOT NULL;

CREATE INDEX evidence_decided ON approvals (updated_at);
CREATE INDEX evidence_author ON waiting (author);
