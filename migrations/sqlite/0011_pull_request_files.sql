-- Which files open pull requests change, where a rule looks at paths. Asked for once per commit.
CREATE TABLE pull_request_files (
    pull_request TEXT NOT NULL PRIMARY KEY,
    -- The newest commit when they were asked for last.
    head_sha     TEXT NOT NULL,
    -- Whether there was an answer; without one `files` are those of an earlier commit, or nothing.
    is_read      INTEGER NOT NULL,
    asked_at     TEXT NOT NULL,
    -- Commit, paths, and whether there are more than the forge tells.
    files        TEXT
) STRICT;
