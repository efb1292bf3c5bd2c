-- Drops the index {{raw:index}}{{#table}} of {{raw:table}}{{/table}}.
--
-- Rollback: builds it again.
-- Expected duration: milliseconds; queries that used the index become slower.

DROP INDEX {{index}};
