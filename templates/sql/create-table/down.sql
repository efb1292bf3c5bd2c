-- Drops the table {{raw:table}} again.
--
-- Data loss: all its rows.
{{#engine.postgresql}}
-- Expected duration: milliseconds, once nobody uses the table.
{{/engine.postgresql}}
{{#engine.mysql}}
-- Expected duration: milliseconds, once nobody uses the table; the file of a
-- large one takes longer to go.
{{/engine.mysql}}
{{#engine.sqlite}}
-- Expected duration: grows with the table.
{{/engine.sqlite}}

-- migrate: data-loss "{{text:table}} is lost with all its rows"
DROP TABLE {{table}};
