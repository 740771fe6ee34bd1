-- What language models were used for: one row for each day and account (a person, a team, everybody together). `reserved`
-- is what calls under way may still use; calls that died keep theirs until the day is over.
CREATE TABLE llm_usage (
    day         DATE NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    reserved    BIGINT NOT NULL,
    tokens_in   BIGINT NOT NULL,
    tokens_out  BIGINT NOT NULL,
    cost_micros BIGINT NOT NULL,
    calls       BIGINT NOT NULL,
    failures    BIGINT NOT NULL,
    PRIMARY KEY (day, kind, name)
);
