-- Builds the {{#unique}}unique {{/unique}}index {{raw:index}} on {{raw:table}}.
--
-- Rollback: drops the index; nothing is lost.
-- Expected duration: grows with the table, which is read twice. Others go on
-- reading and writing. It waits for transactions that began before it.
-- A build that fails leaves an invalid index behind: it is dropped at once, or
-- by the next `git migrate up`, which builds it again.
{{#unique}}
-- It fails when values are there twice. To see them:
--   SELECT {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}, count(*) FROM {{table}}
{{#where}}
--   WHERE {{where}}
{{/where}}
--   GROUP BY {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}} HAVING count(*) > 1;
{{/unique}}

-- migrate: no-transaction
CREATE {{#unique}}UNIQUE {{/unique}}INDEX CONCURRENTLY {{index}} ON {{table}} ({{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}){{#where}} WHERE {{where}}{{/where}};
