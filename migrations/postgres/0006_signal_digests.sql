-- A fingerprint of the finding, by which an evaluation sees whether it changed. Signals that are already there get theirs
-- at their next evaluation.
ALTER TABLE signals ADD COLUMN digest TEXT COLLATE "C" NOT NULL DEFAULT '';

-- Not JSONB: every row is read by every evaluation and nothing looks inside, and writing JSONB out as text takes longer
-- than all the rest of an evaluation.
ALTER TABLE waiting ALTER COLUMN watch TYPE JSON USING watch::JSON;
