-- Builds the {{#unique}}unique {{/unique}}index {{raw:index}} on {{raw:table}}.
--
-- Rollback: drops the index; nothing is lost.
-- Expected duration: grows with the table, which is read once. Others go on
-- reading and writing; at its beginning and end it waits for transactions that
-- use the table, and they for it.
{{#unique}}
-- It fails when values are there twice. To see them:
--   SELECT {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}, count(*) FROM {{table}}
--   GROUP BY {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}} HAVING count(*) > 1;
{{/unique}}

{{#where}}
-- migrate: edit "an index here is always on all rows: do without WHERE {{text:where}}"
{{/where}}
ALTER TABLE {{table}} ADD {{#unique}}UNIQUE {{/unique}}INDEX {{index}} ({{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}), ALGORITHM=INPLACE, LOCK=NONE;
