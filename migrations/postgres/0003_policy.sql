-- What the policy was asked and answered: why something was done, and what another policy is tried on.
CREATE TABLE decisions (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at       TIMESTAMPTZ NOT NULL,
    question TEXT COLLATE "C" NOT NULL,
    subject  TEXT COLLATE "C" NOT NULL,
    url      TEXT COLLATE "C",
    input    JSONB NOT NULL,
    verdict  TEXT COLLATE "C" NOT NULL,
    reason   TEXT COLLATE "C" NOT NULL,
    policy   TEXT COLLATE "C" NOT NULL
);
CREATE INDEX decisions_at ON decisions (at, id);
