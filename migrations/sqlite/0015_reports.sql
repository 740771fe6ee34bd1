-- Same tables, columns and indexes as ../postgres/0015_reports.sql.

-- What ended of late: reports read these periods from here alone, without the years before.
CREATE INDEX pull_requests_closed ON pull_requests (closed_at, merged_at, created_at, repository, author) WHERE closed_at IS NOT NULL;
CREATE INDEX deployments_ended ON deployments (state_at, state, environment, repository) WHERE state IN ('success', 'failure');

-- Forecasts that were told to a channel, so that the next report says what came true. `purpose` is the post; `series` is the
-- channel and the team.
CREATE TABLE forecasts (
    purpose TEXT NOT NULL PRIMARY KEY,
    series  TEXT NOT NULL,
    made_at TEXT NOT NULL,
    promise TEXT NOT NULL
) STRICT;
CREATE INDEX forecasts_series ON forecasts (series, made_at);
CREATE INDEX forecasts_made ON forecasts (made_at);
