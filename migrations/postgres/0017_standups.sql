-- Same tables, columns and indexes as ../sqlite/0017_standups.sql.

-- Days on which people are not to be asked anything, by their own word.
CREATE TABLE away (
    slack_user TEXT COLLATE "C" NOT NULL,
    first_day  DATE NOT NULL,
    last_day   DATE NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (slack_user, first_day)
);
CREATE INDEX away_last_day ON away (last_day);

-- One row for each day of a standup. `record` is who takes part and when each is asked.
CREATE TABLE standup_rounds (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    standup   TEXT COLLATE "C" NOT NULL,
    day       DATE NOT NULL,
    state     TEXT COLLATE "C" NOT NULL,
    -- Counts what changed and is shown.
    version   BIGINT NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    posted_at TIMESTAMPTZ,
    record    JSONB NOT NULL
);
CREATE UNIQUE INDEX standup_rounds_day ON standup_rounds (standup, day);

-- What each person said in a round.
CREATE TABLE standup_checkins (
    round      TEXT COLLATE "C" NOT NULL,
    slack_user TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    record     JSONB NOT NULL,
    PRIMARY KEY (round, slack_user)
);
CREATE INDEX standup_checkins_person ON standup_checkins (slack_user, round);

-- What holds people up.
CREATE TABLE standup_blockers (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    standup    TEXT COLLATE "C" NOT NULL,
    slack_user TEXT COLLATE "C" NOT NULL,
    -- The pull request that it is about.
    subject    TEXT COLLATE "C",
    opened_at  TIMESTAMPTZ NOT NULL,
    closed_at  TIMESTAMPTZ,
    -- When somebody was told of it.
    told_at    TIMESTAMPTZ,
    record     JSONB NOT NULL
);
CREATE INDEX standup_blockers_open ON standup_blockers (standup, opened_at) WHERE closed_at IS NULL;
CREATE INDEX standup_blockers_closed ON standup_blockers (closed_at);
