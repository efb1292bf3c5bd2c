-- Drops the index {{raw:index}}{{#table}} of {{raw:table}}{{/table}}.
--
-- Rollback: builds it again.
-- Expected duration: milliseconds, once the transactions that use the table
-- have ended. Others go on reading and writing; queries that used the index
-- become slower. To see which ones first, hide it (MariaDB from 10.6 on
-- IGNORED, MySQL INVISIBLE): ALTER TABLE ... ALTER INDEX ... IGNORED.

{{#blocked}}
-- migrate: edit "{{text:index}} {{text:blocked}}"
{{/blocked}}
{{^table}}
-- migrate: edit "write the table of {{text:index}}, which no target could tell"
{{/table}}
ALTER TABLE {{#table}}{{table}}{{/table}}{{^table}}<table>{{/table}} DROP INDEX {{index}}, ALGORITHM=INPLACE, LOCK=NONE;
