-- Builds the index {{raw:index}} again{{?known}} as the target had it when this was
-- written{{/known}}.
--
-- Data loss: none.
-- Expected duration: grows with the table. Nobody else writes meanwhile.

{{#definition}}
{{definition}};
{{/definition}}
{{^definition}}
-- migrate: edit "write the definition of {{text:index}}, which no target could tell"
CREATE INDEX {{index}} ON {{#table}}{{table}}{{/table}}{{^table}}<table>{{/table}} ({{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}{{^column}}<columns>{{/column}});
{{/definition}}
