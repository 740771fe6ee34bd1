-- Same tables, columns and indexes as ../postgres/0023_outbox.sql.

-- What other programs are to be told, written together with what it tells of. A row goes when the broker has it. None is passed
-- by a place that is kept: rows with smaller ids may be committed later.
CREATE TABLE outbox (
    -- Sorts by when it was written.
    id         TEXT NOT NULL PRIMARY KEY,
    subject    TEXT NOT NULL,
    -- What a repetition has too, so that the broker drops it.
    message_id TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
