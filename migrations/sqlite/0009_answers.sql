-- Same tables, columns and indexes as ../postgres/0009_answers.sql.

-- Questions to the documents, and what was answered. `record` is the whole of it; the columns are what is looked for.
CREATE TABLE answers (
    id          TEXT NOT NULL PRIMARY KEY,
    asker       TEXT NOT NULL,
    channel     TEXT,
    thread      TEXT,
    asked_at    TEXT NOT NULL,
    record      TEXT NOT NULL,
    -- What its asker thought of it.
    feedback    TEXT,
    feedback_at TEXT,
    -- 1 where nothing was found, or what was found did not help.
    is_gap      INTEGER NOT NULL
) STRICT;
CREATE INDEX answers_gaps ON answers (asked_at) WHERE is_gap = 1;
CREATE INDEX answers_thread ON answers (channel, thread, asked_at) WHERE thread IS NOT NULL;

-- How good the answers were, by sets of questions with known answers.
CREATE TABLE eval_runs (
    question_set TEXT NOT NULL,
    at           TEXT NOT NULL,
    scores       TEXT NOT NULL,
    PRIMARY KEY (question_set, at)
) STRICT;
