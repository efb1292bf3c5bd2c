-- Renames the column {{raw:column}} of {{raw:table}} to {{raw:to}}. Indexes, constraints, views
-- and triggers follow.
--
-- Rollback: gives it its old name; nothing is lost.
-- Expected duration: milliseconds whatever the size of the table: only the
-- schema changes.

-- migrate: hold "stop the code that calls it {{text:column}}, and deploy what calls it {{text:to}} along with this"
ALTER TABLE {{table}} RENAME COLUMN {{column}} TO {{to}};
