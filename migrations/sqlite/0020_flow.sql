-- Same tables, columns and indexes as ../postgres/0020_flow.sql.

-- Flow metrics ask which runs of CI were made in a window.
CREATE INDEX ci_runs_created ON ci_runs (created_at, repository);
