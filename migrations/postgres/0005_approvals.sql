-- Same tables, columns and indexes as ../sqlite/0005_approvals.sql.

-- Questions put to people, and what became of them. `record` is the whole of it; the columns are what is looked for.
CREATE TABLE approvals (
    id         TEXT NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL,
    state      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    target     TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    -- While it is open: what no second question may be open about.
    open_key   TEXT,
    record     JSONB NOT NULL
);
CREATE UNIQUE INDEX approvals_open ON approvals (open_key) WHERE open_key IS NOT NULL;
CREATE INDEX approvals_state ON approvals (state, created_at);
CREATE INDEX approvals_created ON approvals (created_at);
CREATE INDEX approvals_target ON approvals (target, created_at);

-- Who decides for whom while they are away.
CREATE TABLE deputies (
    slack_user TEXT NOT NULL PRIMARY KEY,
    deputy     TEXT NOT NULL,
    until      TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX deputies_deputy ON deputies (deputy, until);

-- Whose Home tab shows something that may change.
CREATE TABLE home_viewers (
    slack_user TEXT NOT NULL PRIMARY KEY,
    opened_at  TIMESTAMPTZ NOT NULL
);

-- Who did what. Append-only; each row carries a hash over itself and the row before.
CREATE TABLE audit (
    seq      BIGINT NOT NULL PRIMARY KEY,
    at       TIMESTAMPTZ NOT NULL,
    actor    TEXT NOT NULL,
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    data     TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash     TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, seq);
CREATE INDEX audit_actor ON audit (actor, seq);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();

-- A quiet period ends with the first incident in it.
CREATE INDEX incidents_opened ON incidents (opened_at);

-- What was proposed because of a signal: each action once for each signal.
CREATE TABLE signal_proposals (
    signal      TEXT NOT NULL,
    action      TEXT NOT NULL,
    proposed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (signal, action)
);

-- A reaction names a message; what it is for tells whether it is a vote.
CREATE INDEX posts_message ON posts (channel, ts);
