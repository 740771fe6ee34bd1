-- Same tables, columns and indexes as ../sqlite/0023_outbox.sql.

-- What other programs are to be told, written together with what it tells of. A row goes when the broker has it. None is passed
-- by a place that is kept: rows with smaller ids may be committed later.
CREATE TABLE outbox (
    -- Sorts by when it was written.
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    subject    TEXT COLLATE "C" NOT NULL,
    -- What a repetition has too, so that the broker drops it.
    message_id TEXT COLLATE "C" NOT NULL,
    body       TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
