-- Step 1 of 3: adds the column {{raw:new}} of type {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}} to {{raw:table}} and keeps
-- it as {{raw:column}} is by triggers. The code goes on with {{raw:column}}. Values that the
-- new type cannot hold are refused from here on.
--
-- Rollback: drops all of it again; nothing is lost.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only its definition changes. Where that cannot be (a table in an
-- old format), the server refuses at once instead of copying the table.

{{^type}}
-- migrate: edit "write the new type of {{text:column}}"
{{/type}}
ALTER TABLE {{table}} ADD COLUMN {{new}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}, ALGORITHM=INSTANT;
{{#using}}
-- migrate: edit "write the value of {{text:new}} for the row NEW, twice: {{text:using}}"
{{/using}}
CREATE TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_insert BEFORE INSERT ON {{table}} FOR EACH ROW
    SET NEW.{{new}} = {{#using}}<value>{{/using}}{{^using}}NEW.{{column}}{{/using}};
CREATE TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_update BEFORE UPDATE ON {{table}} FOR EACH ROW
    SET NEW.{{new}} = {{#using}}<value>{{/using}}{{^using}}NEW.{{column}}{{/using}};
