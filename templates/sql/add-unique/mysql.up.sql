-- Adds the constraint {{raw:constraint}} to {{raw:table}}: no value twice.
--
-- Rollback: drops the constraint; nothing is lost.
-- Expected duration: grows with the table, which is read once. Others go on
-- reading and writing; at its beginning and end it waits for transactions that
-- use the table, and they for it.
-- It fails when values are there twice. To see them:
--   SELECT {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}, count(*) FROM {{table}}
--   GROUP BY {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}} HAVING count(*) > 1;

ALTER TABLE {{table}} ADD CONSTRAINT {{constraint}} UNIQUE ({{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}), ALGORITHM=INPLACE, LOCK=NONE;
