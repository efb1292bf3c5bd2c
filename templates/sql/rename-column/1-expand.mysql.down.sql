-- Step 1 of 3 undone: drops the column {{raw:to}} of {{raw:table}} again.
--
-- Data loss: none, {{raw:column}} has the same values.
-- Expected duration: milliseconds from MariaDB 10.4 and MySQL 8.0.29 on, before
-- that it grows with the table. Others go on reading and writing.

DROP TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_insert;
DROP TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_update;
ALTER TABLE {{table}} DROP COLUMN {{to}}, ALGORITHM=INPLACE, LOCK=NONE;
