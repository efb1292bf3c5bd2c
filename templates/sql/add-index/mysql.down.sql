-- Drops the index {{raw:index}} of {{raw:table}} again.
--
-- Data loss: none.
-- Expected duration: milliseconds, once the transactions that use the table
-- have ended. Others go on reading and writing.

ALTER TABLE {{table}} DROP INDEX {{index}}, ALGORITHM=INPLACE, LOCK=NONE;
