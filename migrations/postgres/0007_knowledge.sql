-- One row. Whatever changes the documents takes this row first, so that changes have an order; the numbers given to
-- sources, documents and chunks are never given again.
CREATE TABLE knowledge_state (
    id            BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    -- Counts the changes.
    version       BIGINT NOT NULL,
    next_source   BIGINT NOT NULL,
    next_document BIGINT NOT NULL,
    next_chunk    BIGINT NOT NULL,
    -- Removals up to this version are no longer listed.
    forgotten     BIGINT NOT NULL
);
INSERT INTO knowledge_state (id, version, next_source, next_document, next_chunk, forgotten) VALUES (1, 0, 1, 1, 1, 0);

CREATE TABLE knowledge_sources (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tag        BIGINT NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    location   TEXT COLLATE "C" NOT NULL,
    visibility JSONB NOT NULL,
    added_by   TEXT COLLATE "C",
    added_at   TIMESTAMPTZ NOT NULL,
    indexed_at TIMESTAMPTZ,
    last_error TEXT COLLATE "C",
    -- What of it is in the index, kept with every change.
    documents  BIGINT NOT NULL,
    chunks     BIGINT NOT NULL
);
CREATE UNIQUE INDEX knowledge_sources_tag ON knowledge_sources (tag);
CREATE UNIQUE INDEX knowledge_sources_place ON knowledge_sources (kind, location, visibility);

CREATE TABLE knowledge_documents (
    id          BIGINT NOT NULL PRIMARY KEY,
    -- The tag of its source.
    source      BIGINT NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    title       TEXT COLLATE "C" NOT NULL,
    url         TEXT COLLATE "C",
    author      TEXT COLLATE "C",
    owners      JSONB NOT NULL,
    changed_at  TIMESTAMPTZ,
    digest      TEXT COLLATE "C" NOT NULL,
    indexed_at  TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX knowledge_documents_place ON knowledge_documents (source, external_id);

CREATE TABLE knowledge_chunks (
    id       BIGINT NOT NULL PRIMARY KEY,
    -- The tag of its source.
    source   BIGINT NOT NULL,
    document BIGINT NOT NULL,
    ordinal  BIGINT NOT NULL,
    heading  JSONB NOT NULL,
    text     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX knowledge_chunks_document ON knowledge_chunks (document);
CREATE INDEX knowledge_chunks_source ON knowledge_chunks (source, id);

-- What chunks mean, by embedding model: 32-bit floats, little endian. Where pgvector is installed, a column
-- `embedding vector(..)` with an HNSW index would stand here beside the bytes.
CREATE TABLE knowledge_vectors (
    model   TEXT COLLATE "C" NOT NULL,
    chunk   BIGINT NOT NULL,
    -- The tag of its source.
    source  BIGINT NOT NULL,
    -- When it was written, in changes of knowledge_state.
    version BIGINT NOT NULL,
    vector  BYTEA NOT NULL,
    PRIMARY KEY (model, chunk)
);
CREATE INDEX knowledge_vectors_version ON knowledge_vectors (model, version, chunk);
CREATE INDEX knowledge_vectors_chunk ON knowledge_vectors (chunk);
-- Floats do not get smaller by compression.
ALTER TABLE knowledge_vectors ALTER COLUMN vector SET STORAGE EXTERNAL;

-- Chunks that went, for whoever keeps their vectors in memory.
CREATE TABLE knowledge_removed (
    chunk   BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
CREATE INDEX knowledge_removed_version ON knowledge_removed (version);

-- The words of the chunks: of the title (A), the headings (B), the text (C) and within identifiers (D). In a table of
-- its own, so that ranking reads no texts. The key is called as in SQLite's full text table.
CREATE TABLE knowledge_fts (
    rowid  BIGINT NOT NULL PRIMARY KEY,
    -- How many words the chunk has.
    length BIGINT NOT NULL,
    words  TSVECTOR NOT NULL
);
CREATE INDEX knowledge_fts_words ON knowledge_fts USING GIN (words);
-- The most frequent words of the statistics decide which words of a question are not looked up.
ALTER TABLE knowledge_fts ALTER COLUMN words SET STATISTICS 200;
