-- What language models were used for: one row for each day and account (a person, a team, everybody together). `reserved`
-- is what calls under way may still use; calls that died keep theirs until the day is over.
CREATE TABLE llm_usage (
    day         TEXT NOT NULL,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    reserved    INTEGER NOT NULL,
    tokens_in   INTEGER NOT NULL,
    tokens_out  INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    calls       INTEGER NOT NULL,
    failures    INTEGER NOT NULL,
    PRIMARY KEY (day, kind, name)
) STRICT;
