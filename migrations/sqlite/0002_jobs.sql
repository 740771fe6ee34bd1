-- Work that must be done although programs die.
CREATE TABLE jobs (
    id            TEXT NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL,
    payload       TEXT NOT NULL,
    unique_key    TEXT,
    state         TEXT NOT NULL,
    priority      INTEGER NOT NULL,
    run_at        TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    max_attempts  INTEGER NOT NULL,
    time_limit_ms INTEGER NOT NULL,
    -- Counts the claims: who holds an older one may not finish the job.
    lease_token   INTEGER NOT NULL,
    lease_until   TEXT,
    worker        TEXT,
    cancel_asked  INTEGER NOT NULL,
    last_error    TEXT,
    enqueued_at   TEXT NOT NULL,
    started_at    TEXT,
    finished_at   TEXT
) STRICT;
CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key) WHERE finished_at IS NULL AND unique_key IS NOT NULL;
-- A claim reads it once for each priority, so neither a million jobs of another priority nor a million that are due
-- later stand in its way; and no finished job is in it.
CREATE INDEX jobs_waiting ON jobs (priority DESC, run_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (finished_at) WHERE state = 'dead';
CREATE INDEX jobs_ended ON jobs (finished_at) WHERE state IN ('done', 'cancelled');

-- Every time that a job was begun, and what came of it.
CREATE TABLE job_attempts (
    job         TEXT NOT NULL,
    lease_token INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    worker      TEXT NOT NULL,
    started_at  TEXT NOT NULL,
    ended_at    TEXT,
    outcome     TEXT,
    error       TEXT,
    PRIMARY KEY (job, lease_token)
) STRICT, WITHOUT ROWID;
