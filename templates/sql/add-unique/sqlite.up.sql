-- Lets no value of {{#column}}{{raw:column}}{{^column.last}}, {{/column.last}}{{/column}} be twice in {{raw:table}}. SQLite keeps a constraint by an index,
-- and a unique index does the same without making the table anew.
--
-- Rollback: drops the index; nothing is lost.
-- Expected duration: grows with the table. Nobody else writes meanwhile.
-- It fails when values are there twice. To see them:
--   SELECT {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}, count(*) FROM {{table}}
--   GROUP BY {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}} HAVING count(*) > 1;

CREATE UNIQUE INDEX {{#table.schema}}{{table.schema}}.{{/table.schema}}{{constraint}} ON {{table.name}} ({{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}});
