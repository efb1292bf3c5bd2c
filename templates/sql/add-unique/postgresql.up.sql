-- Adds the constraint {{raw:constraint}} to {{raw:table}}: no value twice.
--
-- Rollback: drops the constraint; nothing is lost.
-- Expected duration: the index grows with the table, which is read twice while
-- others go on reading and writing; it waits for transactions that began before
-- it. The constraint itself then takes milliseconds, once nobody uses the table.
-- A build that fails leaves an invalid index behind: it is dropped at once, or
-- by the next `git migrate up`, which builds it again.
-- It fails when values are there twice. To see them:
--   SELECT {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}, count(*) FROM {{table}}
--   GROUP BY {{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}} HAVING count(*) > 1;

-- migrate: no-transaction
CREATE UNIQUE INDEX CONCURRENTLY {{constraint}} ON {{table}} ({{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}});
ALTER TABLE {{table}} ADD CONSTRAINT {{constraint}} UNIQUE USING INDEX {{constraint}};
