-- Same tables, columns and indexes as ../sqlite/0014_schedules.sql.

-- Schedules that people keep. `record` is the whole of it; the columns are what is looked for. `next_at` is empty while
-- nothing comes due; what came due while nobody looked is known by it, however long that was.
CREATE TABLE schedules (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL,
    owner      TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    next_at    TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    record     JSONB NOT NULL
);

CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;
