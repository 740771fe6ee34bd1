-- Same tables, columns and indexes as ../postgres/0019_delivery.sql.

-- Delivery metrics read what was merged and pushed from packs of a repository and a day in UTC, so that a quarter costs some thousand
-- rows and not a look at each pull request with its reviews. Derived from facts: a pack is made anew when one of its pull
-- requests changes, and a replay makes all anew.
CREATE TABLE delivery_days (
    repository TEXT NOT NULL,
    day        TEXT NOT NULL,
    pack       BLOB NOT NULL,
    PRIMARY KEY (repository, day)
) STRICT;
CREATE INDEX delivery_days_day ON delivery_days (day);

-- Packs that do not show what is known.
CREATE TABLE delivery_stale (
    repository TEXT NOT NULL,
    day        TEXT NOT NULL,
    PRIMARY KEY (repository, day)
) STRICT, WITHOUT ROWID;

INSERT INTO delivery_stale (repository, day)
    SELECT DISTINCT repository, SUBSTR(merged_at, 1, 10) FROM pull_requests WHERE merged_at IS NOT NULL
    UNION SELECT repository, SUBSTR(pushed_at, 1, 10) FROM pushes;

CREATE INDEX delivery_merged ON pull_requests (repository, merged_at) WHERE merged_at IS NOT NULL;
CREATE INDEX delivery_pushed ON pushes (repository, pushed_at);
CREATE INDEX delivery_deployed ON deployments (repository, environment, succeeded_at) WHERE succeeded_at IS NOT NULL;

-- What people said against a number. Never deleted: one that was taken back says so.
CREATE TABLE corrections (
    id        TEXT NOT NULL PRIMARY KEY,
    subject   TEXT NOT NULL,
    made_at   TEXT NOT NULL,
    undone_at TEXT,
    undone_by TEXT,
    record    TEXT NOT NULL
) STRICT;
CREATE INDEX corrections_made ON corrections (made_at);
CREATE INDEX corrections_subject ON corrections (subject, made_at);

-- Marks on charts: what somebody began on a day.
CREATE TABLE marks (
    id      TEXT NOT NULL PRIMARY KEY,
    at      TEXT NOT NULL,
    made_by TEXT NOT NULL,
    words   TEXT NOT NULL,
    team    TEXT,
    channel TEXT
) STRICT;
CREATE INDEX marks_at ON marks (at);
