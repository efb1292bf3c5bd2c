-- Builds the index {{raw:index}} again{{?known}} as the target had it when this was
-- written{{/known}}.
--
-- Data loss: none.
-- Expected duration: grows with the table, which is read once. Others go on
-- reading and writing.

{{#definition}}
{{definition}};
{{/definition}}
{{^definition}}
-- migrate: edit "write the definition of {{text:index}}, which no target could tell"
ALTER TABLE {{#table}}{{table}}{{/table}}{{^table}}<table>{{/table}} ADD INDEX {{index}} ({{#column}}{{column}}{{^column.last}}, {{/column.last}}{{/column}}{{^column}}<columns>{{/column}}), ALGORITHM=INPLACE, LOCK=NONE;
{{/definition}}
