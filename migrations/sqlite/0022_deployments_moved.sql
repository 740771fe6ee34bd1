-- Same tables, columns and indexes as ../postgres/0022_deployments_moved.sql.

-- What a channel is told of: the deployments that came to their state lately.
CREATE INDEX deployments_moved ON deployments (state_at, id);
