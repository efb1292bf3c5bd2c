-- Step 3 of 3 undone: gives {{raw:column}} of {{raw:table}} its old type again; {{raw:new}} has
-- the new one.
--
-- Data loss: none; it fails when the old type cannot hold a value.
-- Expected duration: grows with the table: each row is written, and rows that
-- are written wait for others and they for it.

{{#blocked}}
-- migrate: edit "bring {{text:blocked}} back"
{{/blocked}}
{{^column.known}}
-- migrate: edit "write the old type of {{text:column}}, which no target could tell"
{{/column.known}}
{{#undo}}
ALTER TABLE {{table}} {{undo}};
{{/undo}}
ALTER TABLE {{table}} CHANGE COLUMN {{column}} {{new}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}, ADD COLUMN {{column}} {{#column.known}}{{column.nullable}}{{column.place}}{{/column.known}}{{^column.known}}<type>{{/column.known}};
UPDATE {{table}} SET {{column}} = {{#back}}{{back}}{{/back}}{{^back}}{{new}}{{/back}};
{{#column.known}}
ALTER TABLE {{table}} MODIFY COLUMN {{column}} {{column.definition}};
{{/column.known}}
{{#restore}}
ALTER TABLE {{table}} {{restore}};
{{/restore}}
{{#using}}
-- migrate: edit "write the value of {{text:new}} for the row NEW, twice: {{text:using}}"
{{/using}}
CREATE TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_insert BEFORE INSERT ON {{table}} FOR EACH ROW
    SET NEW.{{new}} = {{#using}}<value>{{/using}}{{^using}}NEW.{{column}}{{/using}};
CREATE TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_update BEFORE UPDATE ON {{table}} FOR EACH ROW
    SET NEW.{{new}} = {{#using}}<value>{{/using}}{{^using}}NEW.{{column}}{{/using}};
