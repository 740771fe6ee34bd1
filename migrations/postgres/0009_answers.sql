-- Same tables, columns and indexes as ../sqlite/0009_answers.sql.

-- Questions to the documents, and what was answered. `record` is the whole of it; the columns are what is looked for.
CREATE TABLE answers (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    asker       TEXT COLLATE "C" NOT NULL,
    channel     TEXT COLLATE "C",
    thread      TEXT COLLATE "C",
    asked_at    TIMESTAMPTZ NOT NULL,
    record      JSONB NOT NULL,
    -- What its asker thought of it.
    feedback    JSONB,
    feedback_at TIMESTAMPTZ,
    -- 1 where nothing was found, or what was found did not help.
    is_gap      BIGINT NOT NULL
);
CREATE INDEX answers_gaps ON answers (asked_at) WHERE is_gap = 1;
CREATE INDEX answers_thread ON answers (channel, thread, asked_at) WHERE thread IS NOT NULL;

-- How good the answers were, by sets of questions with known answers.
CREATE TABLE eval_runs (
    question_set TEXT COLLATE "C" NOT NULL,
    at           TIMESTAMPTZ NOT NULL,
    scores       JSONB NOT NULL,
    PRIMARY KEY (question_set, at)
);
