-- Who reviewed lately: read from here alone, without the reviews of years.
CREATE INDEX reviews_submitted ON reviews (submitted_at, pull_request, reviewer);
