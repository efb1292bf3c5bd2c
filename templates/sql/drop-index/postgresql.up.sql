-- Drops the index {{raw:index}}{{#table}} of {{raw:table}}{{/table}}.
--
-- Rollback: builds it again.
-- Expected duration: milliseconds, once the transactions that use the table
-- have ended. Others go on reading and writing; queries that used the index
-- become slower.

{{#blocked}}
-- migrate: edit "{{text:index}} {{text:blocked}}"
{{/blocked}}
-- migrate: no-transaction
DROP INDEX CONCURRENTLY {{index}};
