-- Step 1 of 3: adds the column {{raw:to}} to {{raw:table}} and keeps it and {{raw:column}} the
-- same by triggers, whichever of the two is written. Indexes and constraints on
-- {{raw:column}} are not made for it yet.
--
-- Rollback: drops all of it again; nothing is lost.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only its definition changes. Where that cannot be (a table in an
-- old format), the server refuses at once instead of copying the table.

{{^type}}
{{^column.known}}
-- migrate: edit "write the type of {{text:column}}, which no target could tell"
{{/column.known}}
{{/type}}
ALTER TABLE {{table}} ADD COLUMN {{to}} {{#type}}{{type}}{{/type}}{{^type}}{{#column.known}}{{column.type}}{{/column.known}}{{^column.known}}<type>{{/column.known}}{{/type}}, ALGORITHM=INSTANT;
CREATE TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_insert BEFORE INSERT ON {{table}} FOR EACH ROW
    SET NEW.{{to}} = coalesce(NEW.{{to}}, NEW.{{column}}), NEW.{{column}} = NEW.{{to}};
CREATE TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_update BEFORE UPDATE ON {{table}} FOR EACH ROW
    SET NEW.{{to}} = IF(NEW.{{to}} <=> OLD.{{to}}, NEW.{{column}}, NEW.{{to}}), NEW.{{column}} = NEW.{{to}};
