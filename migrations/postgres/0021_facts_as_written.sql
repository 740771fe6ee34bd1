-- Same tables, columns and indexes as ../sqlite/0021_facts_as_written.sql.

-- Facts as they were written instead of taken apart: nothing looks inside of many at once, and writing JSONB out as text took more
-- than half of the time in which they are read. On a large database this rewrites the tables once.
ALTER TABLE pull_requests ALTER COLUMN fact TYPE JSON;
ALTER TABLE reviews ALTER COLUMN fact TYPE JSON;
ALTER TABLE comments ALTER COLUMN fact TYPE JSON;
ALTER TABLE ci_runs ALTER COLUMN fact TYPE JSON;
ALTER TABLE deployments ALTER COLUMN fact TYPE JSON;
ALTER TABLE releases ALTER COLUMN fact TYPE JSON;
ALTER TABLE account_emails ALTER COLUMN fact TYPE JSON;
ALTER TABLE incidents ALTER COLUMN fact TYPE JSON;
ALTER TABLE pushes ALTER COLUMN fact TYPE JSON;
ALTER TABLE issue_moves ALTER COLUMN fact TYPE JSON;
ALTER TABLE repositories ALTER COLUMN fact TYPE JSON;
ALTER TABLE waiting ALTER COLUMN line TYPE JSON;
