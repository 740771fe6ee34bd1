-- What the policy was asked and answered: why something was done, and what another policy is tried on.
CREATE TABLE decisions (
    id       TEXT NOT NULL PRIMARY KEY,
    at       TEXT NOT NULL,
    question TEXT NOT NULL,
    subject  TEXT NOT NULL,
    url      TEXT,
    input    TEXT NOT NULL,
    verdict  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    policy   TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_at ON decisions (at, id);
