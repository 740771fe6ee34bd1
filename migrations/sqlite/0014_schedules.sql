-- Same tables, columns and indexes as ../postgres/0014_schedules.sql.

-- Schedules that people keep. `record` is the whole of it; the columns are what is looked for. `next_at` is empty while
-- nothing comes due; what came due while nobody looked is known by it, however long that was.
CREATE TABLE schedules (
    id         TEXT NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    owner      TEXT NOT NULL,
    state      TEXT NOT NULL,
    next_at    TEXT,
    created_at TEXT NOT NULL,
    record     TEXT NOT NULL
) STRICT;

CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;
