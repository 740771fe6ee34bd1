-- One row. Whatever changes the documents takes this row first, so that changes have an order; the numbers given to
-- sources, documents and chunks are never given again.
CREATE TABLE knowledge_state (
    id            INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- Counts the changes.
    version       INTEGER NOT NULL,
    next_source   INTEGER NOT NULL,
    next_document INTEGER NOT NULL,
    next_chunk    INTEGER NOT NULL,
    -- Removals up to this version are no longer listed.
    forgotten     INTEGER NOT NULL
) STRICT;
INSERT INTO knowledge_state (id, version, next_source, next_document, next_chunk, forgotten) VALUES (1, 0, 1, 1, 1, 0);

CREATE TABLE knowledge_sources (
    id         TEXT NOT NULL PRIMARY KEY,
    tag        INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    location   TEXT NOT NULL,
    visibility TEXT NOT NULL,
    added_by   TEXT,
    added_at   TEXT NOT NULL,
    indexed_at TEXT,
    last_error TEXT,
    -- What of it is in the index, kept with every change.
    documents  INTEGER NOT NULL,
    chunks     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX knowledge_sources_tag ON knowledge_sources (tag);
CREATE UNIQUE INDEX knowledge_sources_place ON knowledge_sources (kind, location, visibility);

CREATE TABLE knowledge_documents (
    id          INTEGER NOT NULL PRIMARY KEY,
    -- The tag of its source.
    source      INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    title       TEXT NOT NULL,
    url         TEXT,
    author      TEXT,
    owners      TEXT NOT NULL,
    changed_at  TEXT,
    digest      TEXT NOT NULL,
    indexed_at  TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX knowledge_documents_place ON knowledge_documents (source, external_id);

CREATE TABLE knowledge_chunks (
    id       INTEGER NOT NULL PRIMARY KEY,
    -- The tag of its source.
    source   INTEGER NOT NULL,
    document INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,
    heading  TEXT NOT NULL,
    text     TEXT NOT NULL
) STRICT;
CREATE INDEX knowledge_chunks_document ON knowledge_chunks (document);
CREATE INDEX knowledge_chunks_source ON knowledge_chunks (source, id);

-- What chunks mean, by embedding model: 32-bit floats, little endian.
CREATE TABLE knowledge_vectors (
    model   TEXT NOT NULL,
    chunk   INTEGER NOT NULL,
    -- The tag of its source.
    source  INTEGER NOT NULL,
    -- When it was written, in changes of knowledge_state.
    version INTEGER NOT NULL,
    vector  BLOB NOT NULL,
    PRIMARY KEY (model, chunk)
) STRICT;
CREATE INDEX knowledge_vectors_version ON knowledge_vectors (model, version, chunk);
CREATE INDEX knowledge_vectors_chunk ON knowledge_vectors (chunk);

-- Chunks that went, for whoever keeps their vectors in memory.
CREATE TABLE knowledge_removed (
    chunk   INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX knowledge_removed_version ON knowledge_removed (version);

-- The words of the chunks, without punctuation. The texts themselves are in knowledge_chunks and not kept twice.
CREATE VIRTUAL TABLE knowledge_fts USING fts5 (
    title, heading, text, parts,
    content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 0'
);
