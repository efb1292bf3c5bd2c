-- Step 3 of 3 undone: makes the column {{raw:column}} of {{raw:table}} again, with the values
-- of {{raw:to}}.
--
-- Data loss: none.
-- Expected duration: grows with the table: each row is written, and rows that
-- are written wait for others and they for it.

{{#blocked}}
-- migrate: edit "bring {{text:blocked}} back"
{{/blocked}}
{{^type}}
{{^column.known}}
-- migrate: edit "write the type of {{text:column}}, which no target could tell"
{{/column.known}}
{{/type}}
{{#undo}}
ALTER TABLE {{table}} {{undo}};
{{/undo}}
{{#column.known}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.nullable}}{{column.place}}, MODIFY COLUMN {{to}} {{column.type}};
{{/column.known}}
{{^column.known}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}};
{{/column.known}}
CREATE TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_insert BEFORE INSERT ON {{table}} FOR EACH ROW
    SET NEW.{{to}} = coalesce(NEW.{{to}}, NEW.{{column}}), NEW.{{column}} = NEW.{{to}};
CREATE TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_update BEFORE UPDATE ON {{table}} FOR EACH ROW
    SET NEW.{{to}} = IF(NEW.{{to}} <=> OLD.{{to}}, NEW.{{column}}, NEW.{{to}}), NEW.{{column}} = NEW.{{to}};
UPDATE {{table}} SET {{column}} = {{to}};
{{#column.known}}
ALTER TABLE {{table}} MODIFY COLUMN {{column}} {{column.definition}};
{{/column.known}}
{{#restore}}
ALTER TABLE {{table}} {{restore}};
{{/restore}}
