-- Drops the table {{raw:table}} again.
--
-- Data loss: all its rows.
{{#engine.postgresql}}
-- Expected duration: milliseconds, once nobody uses the table.
{{/engine.postgresql}}
{{^engine.postgresql}}
-- Expected duration: grows with the table.
{{/engine.postgresql}}

-- migrate: data-loss "{{text:table}} is lost with all its rows"
DROP TABLE {{table}};
