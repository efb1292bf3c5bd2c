-- Drops the column {{raw:column}} of {{raw:table}} again.
--
-- Data loss: all that was written into it.
-- Expected duration: milliseconds from MariaDB 10.4 and MySQL 8.0.29 on, before
-- that it grows with the table. Others go on reading and writing.

-- migrate: data-loss "{{text:table}}.{{text:column}} is lost"
ALTER TABLE {{table}} DROP COLUMN {{column}}, ALGORITHM=INPLACE, LOCK=NONE;
