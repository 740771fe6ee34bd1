-- A fingerprint of the finding, by which an evaluation sees whether it changed. Signals that are already there get theirs
-- at their next evaluation.
ALTER TABLE signals ADD COLUMN digest TEXT NOT NULL DEFAULT '';
