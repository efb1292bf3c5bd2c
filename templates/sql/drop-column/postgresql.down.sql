-- Makes the column {{raw:column}} of {{raw:table}} again, without its values.
{{^type}}
{{#column.known}}
-- It becomes what the target had when this was written.
{{/column.known}}
{{/type}}
--
-- Data loss: none; the values went with the column.
-- Expected duration: {{?restore}}grows with the table: indexes and constraints are made
-- again.{{/restore}}{{^restore}}milliseconds, once nobody uses the table.{{/restore}}

{{#blocked}}
-- migrate: edit "bring {{text:blocked}} back"
{{/blocked}}
{{#type}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{type}}{{#default}} DEFAULT {{default}}{{/default}};
{{/type}}
{{^type}}
{{^column.known}}
-- migrate: edit "write the type of {{text:column}}, which no target could tell"
ALTER TABLE {{table}} ADD COLUMN {{column}} <type>;
{{/column.known}}
{{#column.known}}
{{#before}}
{{before}};
{{/before}}
{{^column.required}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.definition}};
{{/column.required}}
{{#column.required}}
-- It was NOT NULL without a default: the rows need a value.
{{#fill}}
{{#fill.constant}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.definition}} DEFAULT {{fill}};
ALTER TABLE {{table}} ALTER COLUMN {{column}} DROP DEFAULT;
{{/fill.constant}}
{{^fill.constant}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.nullable}};
UPDATE {{table}} SET {{column}} = {{fill}};
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET NOT NULL;
{{/fill.constant}}
{{/fill}}
{{^fill}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.nullable}};
-- migrate: edit "write the value that rows get in {{text:column}}"
UPDATE {{table}} SET {{column}} = <value>;
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET NOT NULL;
{{/fill}}
{{/column.required}}
{{/column.known}}
{{/type}}
{{#sequence}}
ALTER SEQUENCE {{sequence}} OWNED BY {{table}}.{{column}};
{{/sequence}}
{{#restore}}
{{restore}};
{{/restore}}
