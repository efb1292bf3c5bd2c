-- Makes the column {{raw:column}} of {{raw:table}} again, without its values.
{{^type}}
{{#column.known}}
-- It becomes what the target had when this was written.
{{/column.known}}
{{/type}}
--
-- Data loss: none; the values went with the column.
-- Expected duration: {{?restore}}grows with the table: indexes and constraints are made
-- again, and foreign keys and checks copy it while nobody writes.{{/restore}}{{^restore}}milliseconds, once nobody uses the table.{{/restore}}

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
{{^column.required}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.definition}}{{column.place}};
{{/column.required}}
{{#column.required}}
-- It was NOT NULL without a default: the rows need a value.
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.nullable}}{{column.place}};
{{#fill}}
UPDATE {{table}} SET {{column}} = {{fill}};
{{/fill}}
{{^fill}}
-- migrate: edit "write the value that rows get in {{text:column}}"
UPDATE {{table}} SET {{column}} = <value>;
{{/fill}}
ALTER TABLE {{table}} MODIFY COLUMN {{column}} {{column.definition}};
{{/column.required}}
{{/column.known}}
{{/type}}
{{#restore}}
ALTER TABLE {{table}} {{restore}};
{{/restore}}
