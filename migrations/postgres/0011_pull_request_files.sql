-- Which files open pull requests change, where a rule looks at paths. Asked for once per commit.
CREATE TABLE pull_request_files (
    pull_request TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- The newest commit when they were asked for last.
    head_sha     TEXT COLLATE "C" NOT NULL,
    -- Whether there was an answer; without one `files` are those of an earlier commit, or nothing.
    is_read      BOOLEAN NOT NULL,
    asked_at     TIMESTAMPTZ NOT NULL,
    -- Commit, paths, and whether there are more than the forge tells.
    files        JSONB
);
