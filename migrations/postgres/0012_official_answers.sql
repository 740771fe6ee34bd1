-- Same tables, columns and indexes as ../sqlite/0012_official_answers.sql.

-- Answers that somebody stands for. `record` is the whole of it; the columns are what is looked for.
CREATE TABLE official_answers (
    id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at     TIMESTAMPTZ NOT NULL,
    until  TIMESTAMPTZ NOT NULL,
    record JSONB NOT NULL
);

-- Questions are counted by day, and forgotten by age.
CREATE INDEX answers_asked ON answers (asked_at);
