-- Same tables, columns and indexes as ../postgres/0017_standups.sql.

-- Days on which people are not to be asked anything, by their own word.
CREATE TABLE away (
    slack_user TEXT NOT NULL,
    first_day  TEXT NOT NULL,
    last_day   TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (slack_user, first_day)
) STRICT;
CREATE INDEX away_last_day ON away (last_day);

-- One row for each day of a standup. `record` is who takes part and when each is asked.
CREATE TABLE standup_rounds (
    id        TEXT NOT NULL PRIMARY KEY,
    standup   TEXT NOT NULL,
    day       TEXT NOT NULL,
    state     TEXT NOT NULL,
    -- Counts what changed and is shown.
    version   INTEGER NOT NULL,
    opened_at TEXT NOT NULL,
    posted_at TEXT,
    record    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX standup_rounds_day ON standup_rounds (standup, day);

-- What each person said in a round.
CREATE TABLE standup_checkins (
    round      TEXT NOT NULL,
    slack_user TEXT NOT NULL,
    state      TEXT NOT NULL,
    record     TEXT NOT NULL,
    PRIMARY KEY (round, slack_user)
) STRICT;
CREATE INDEX standup_checkins_person ON standup_checkins (slack_user, round);

-- What holds people up.
CREATE TABLE standup_blockers (
    id         TEXT NOT NULL PRIMARY KEY,
    standup    TEXT NOT NULL,
    slack_user TEXT NOT NULL,
    -- The pull request that it is about.
    subject    TEXT,
    opened_at  TEXT NOT NULL,
    closed_at  TEXT,
    -- When somebody was told of it.
    told_at    TEXT,
    record     TEXT NOT NULL
) STRICT;
CREATE INDEX standup_blockers_open ON standup_blockers (standup, opened_at) WHERE closed_at IS NULL;
CREATE INDEX standup_blockers_closed ON standup_blockers (closed_at);
