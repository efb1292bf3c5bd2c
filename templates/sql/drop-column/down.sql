-- Makes the column {{raw:column}} of {{raw:table}} again, without its values.
{{^type}}
{{#column.known}}
-- It becomes what the target had when this was written.
{{/column.known}}
{{/type}}
--
-- Data loss: none; the values went with the column.
-- Expected duration: {{?restore}}grows with the table: indexes are made again.{{/restore}}{{^restore}}{{#column.known}}{{^column.simple}}grows with the table, which is made anew.{{/column.simple}}{{/column.known}}{{#column.simple}}milliseconds.{{/column.simple}}{{^column.known}}milliseconds.{{/column.known}}{{/restore}}

{{#type}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{type}}{{#default}} DEFAULT {{default}}{{/default}};
{{#restore}}
{{restore}};
{{/restore}}
{{/type}}
{{^type}}
{{^column.known}}
-- migrate: edit "write the type of {{text:column}}, which no target could tell"
ALTER TABLE {{table}} ADD COLUMN {{column}} <type>;
{{/column.known}}
{{#column.known}}
{{#column.simple}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.definition}};
{{#restore}}
{{restore}};
{{/restore}}
{{/column.simple}}
{{^column.simple}}
{{#column.required}}
-- It was NOT NULL without a default: the rows need a value.
{{^fill}}
-- migrate: edit "write the value that rows get in {{text:column}}"
{{/fill}}
{{/column.required}}
{{#rebuild}}
have drop {{column}}
original
{{#column.required}}
fill {{column}} {{#fill}}{{fill}}{{/fill}}{{^fill}}<value>{{/fill}}
{{/column.required}}
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew with {{text:column}} in it"
CREATE TABLE {{table.new}} (
    <columns>
);
INSERT INTO {{table.new}} (<columns>) SELECT <columns> FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
{{/rebuild}}
{{/column.simple}}
{{/column.known}}
{{/type}}
