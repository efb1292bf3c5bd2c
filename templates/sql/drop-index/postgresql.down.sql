-- Builds the index {{raw:index}} again{{?known}} as the target had it when this was
-- written{{/known}}.
--
-- Data loss: none.
-- Expected duration: grows with the table, which is read twice. Others go on
-- reading and writing. It waits for transactions that began before it.
-- A build that fails leaves an invalid index behind: it is dropped at once, or
-- by the next `git migrate down`, which builds it again.

-- migrate: no-transaction
{{#definition}}
{{definition}};
{{/definition}}
{{^definition}}
-- migrate: edit "write the definition of {{text:index}}, which no target could tell"
CREATE INDEX CONCURRENTLY {{index}} ON {{#table}}{{table}}{{/table}}{{^table}}<table>{{/table}} ({{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}{{^column}}<columns>{{/column}});
{{/definition}}
