-- Same tables, columns and indexes as ../postgres/0012_official_answers.sql.

-- Answers that somebody stands for. `record` is the whole of it; the columns are what is looked for.
CREATE TABLE official_answers (
    id     TEXT NOT NULL PRIMARY KEY,
    at     TEXT NOT NULL,
    until  TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- Questions are counted by day, and forgotten by age.
CREATE INDEX answers_asked ON answers (asked_at);
