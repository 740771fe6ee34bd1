-- Work that must be done although programs die.
CREATE TABLE jobs (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind          TEXT COLLATE "C" NOT NULL,
    payload       JSONB NOT NULL,
    unique_key    TEXT COLLATE "C",
    state         TEXT COLLATE "C" NOT NULL,
    priority      BIGINT NOT NULL,
    run_at        TIMESTAMPTZ NOT NULL,
    attempts      BIGINT NOT NULL,
    max_attempts  BIGINT NOT NULL,
    time_limit_ms BIGINT NOT NULL,
    -- Counts the claims: who holds an older one may not finish the job.
    lease_token   BIGINT NOT NULL,
    lease_until   TIMESTAMPTZ,
    worker        TEXT COLLATE "C",
    cancel_asked  BOOLEAN NOT NULL,
    last_error    TEXT COLLATE "C",
    enqueued_at   TIMESTAMPTZ NOT NULL,
    started_at    TIMESTAMPTZ,
    finished_at   TIMESTAMPTZ
);
CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key) WHERE finished_at IS NULL AND unique_key IS NOT NULL;
-- A claim reads it once for each priority, so neither a million jobs of another priority nor a million that are due
-- later stand in its way; and no finished job is in it.
CREATE INDEX jobs_waiting ON jobs (priority DESC, run_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (finished_at) WHERE state = 'dead';
CREATE INDEX jobs_ended ON jobs (finished_at) WHERE state IN ('done', 'cancelled');

-- Every time that a job was begun, and what came of it.
CREATE TABLE job_attempts (
    job         TEXT COLLATE "C" NOT NULL,
    lease_token BIGINT NOT NULL,
    attempt     BIGINT NOT NULL,
    worker      TEXT COLLATE "C" NOT NULL,
    started_at  TIMESTAMPTZ NOT NULL,
    ended_at    TIMESTAMPTZ,
    outcome     TEXT COLLATE "C",
    error       TEXT COLLATE "C",
    PRIMARY KEY (job, lease_token)
);
