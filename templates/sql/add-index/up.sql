-- Builds the {{#unique}}unique {{/unique}}index {{raw:index}} on {{raw:table}}.
--
-- Rollback: drops the index; nothing is lost.
-- Expected duration: grows with the table. Nobody else writes meanwhile.
{{#unique}}
-- It fails when values are there twice. To see them:
--   SELECT {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}, count(*) FROM {{table}}
{{#where}}
--   WHERE {{where}}
{{/where}}
--   GROUP BY {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}} HAVING count(*) > 1;
{{/unique}}

CREATE {{#unique}}UNIQUE {{/unique}}INDEX {{index}} ON {{table}} ({{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}){{#where}} WHERE {{where}}{{/where}};
