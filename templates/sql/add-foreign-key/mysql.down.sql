-- Drops the foreign key {{raw:constraint}} of {{raw:table}} again.
--
-- Data loss: none.
-- Expected duration: milliseconds, once the transactions that use the tables
-- have ended. Others go on reading and writing.

ALTER TABLE {{table}} DROP FOREIGN KEY {{constraint}}, ALGORITHM=INPLACE, LOCK=NONE;
{{^indexed}}
ALTER TABLE {{table}} DROP INDEX {{index}}, ALGORITHM=INPLACE, LOCK=NONE;
{{/indexed}}
