-- What waits for one team is counted from these and `evidence_author`, without a pass over all that waits.
CREATE INDEX waiting_repository ON waiting (repository, pull_request);
