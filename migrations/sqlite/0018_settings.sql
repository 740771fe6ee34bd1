-- Same tables, columns and indexes as ../postgres/0018_settings.sql.

-- What people want to be told unasked, and when.
CREATE TABLE person_settings (
    slack_user TEXT NOT NULL PRIMARY KEY,
    updated_at TEXT NOT NULL,
    record     TEXT NOT NULL
) STRICT;

-- Direct messages that nobody asked for: sent, or held for a morning, or delivered in that morning's message.
CREATE TABLE notices (
    slack_user TEXT NOT NULL,
    -- What it is about: of each thing a person is told once.
    topic      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    -- The morning that it is held for.
    due_at     TEXT,
    record     TEXT NOT NULL,
    PRIMARY KEY (slack_user, topic)
) STRICT;
CREATE INDEX notices_sent ON notices (slack_user, decided_at) WHERE state = 'sent';
CREATE INDEX notices_held ON notices (due_at, slack_user) WHERE state = 'held';
CREATE INDEX notices_morning ON notices (slack_user, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notices_decided ON notices (decided_at);

-- Accounts that somebody said are not theirs, in lower case.
CREATE TABLE link_refusals (
    slack_user TEXT NOT NULL,
    login      TEXT NOT NULL,
    refused_at TEXT NOT NULL,
    PRIMARY KEY (slack_user, login)
) STRICT;
