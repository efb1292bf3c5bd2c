-- Drops the constraint {{raw:constraint}} of {{raw:table}} again.
--
-- Data loss: none.
-- Expected duration: milliseconds, once the transactions that use the table
-- have ended. Others go on reading and writing.

ALTER TABLE {{table}} DROP INDEX {{constraint}}, ALGORITHM=INPLACE, LOCK=NONE;
