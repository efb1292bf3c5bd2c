-- Drops the unique index {{raw:constraint}} of {{raw:table}} again.
--
-- Data loss: none.
-- Expected duration: milliseconds; the space it took is free for other use.

DROP INDEX {{#table.schema}}{{table.schema}}.{{/table.schema}}{{constraint}};
