-- Same tables, columns and indexes as ../sqlite/0019_delivery.sql.

-- Delivery metrics read what was merged and pushed from packs of a repository and a day in UTC, so that a quarter costs some thousand
-- rows and not a look at each pull request with its reviews. Derived from facts: a pack is made anew when one of its pull
-- requests changes, and a replay makes all anew.
CREATE TABLE delivery_days (
    repository TEXT COLLATE "C" NOT NULL,
    day        TEXT COLLATE "C" NOT NULL,
    pack       BYTEA NOT NULL,
    PRIMARY KEY (repository, day)
);
CREATE INDEX delivery_days_day ON delivery_days (day);

-- Packs that do not show what is known.
CREATE TABLE delivery_stale (
    repository TEXT COLLATE "C" NOT NULL,
    day        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (repository, day)
);

INSERT INTO delivery_stale (repository, day)
    SELECT DISTINCT repository, TO_CHAR(merged_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM pull_requests WHERE merged_at IS NOT NULL
    UNION SELECT repository, TO_CHAR(pushed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM pushes;

CREATE INDEX delivery_merged ON pull_requests (repository, merged_at) WHERE merged_at IS NOT NULL;
CREATE INDEX delivery_pushed ON pushes (repository, pushed_at);
CREATE INDEX delivery_deployed ON deployments (repository, environment, succeeded_at) WHERE succeeded_at IS NOT NULL;

-- What people said against a number. Never deleted: one that was taken back says so.
CREATE TABLE corrections (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    subject   TEXT COLLATE "C" NOT NULL,
    made_at   TIMESTAMPTZ NOT NULL,
    undone_at TIMESTAMPTZ,
    undone_by TEXT,
    record    JSONB NOT NULL
);
CREATE INDEX corrections_made ON corrections (made_at);
CREATE INDEX corrections_subject ON corrections (subject, made_at);

-- Marks on charts: what somebody began on a day.
CREATE TABLE marks (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at      TIMESTAMPTZ NOT NULL,
    made_by TEXT NOT NULL,
    words   TEXT NOT NULL,
    team    TEXT,
    channel TEXT
);
CREATE INDEX marks_at ON marks (at);
