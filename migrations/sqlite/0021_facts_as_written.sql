-- Same tables, columns and indexes as ../postgres/0021_facts_as_written.sql.

-- Here facts are text already.
SELECT 1;
