-- Gives the column {{raw:to}} of {{raw:table}} its old name {{raw:column}}.
--
-- Data loss: none.
-- Expected duration: milliseconds whatever the size of the table: only the
-- schema changes.

ALTER TABLE {{table}} RENAME COLUMN {{to}} TO {{column}};
