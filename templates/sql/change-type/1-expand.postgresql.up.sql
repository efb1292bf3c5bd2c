-- Step 1 of 3: adds the column {{raw:new}} of type {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}} to {{raw:table}} and keeps
-- it as {{raw:column}} is by a trigger. The code goes on with {{raw:column}}. Values that the
-- new type cannot hold are refused from here on.
--
-- Rollback: drops both again; nothing is lost.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.

{{^type}}
-- migrate: edit "write the new type of {{text:column}}"
{{/type}}
ALTER TABLE {{table}} ADD COLUMN {{new}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}};
CREATE FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}() RETURNS trigger LANGUAGE plpgsql AS $sync$
BEGIN
    NEW.{{new}} := (SELECT {{#using}}{{using}}{{/using}}{{^using}}{{column}}::{{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{/using}} FROM (SELECT NEW.*) AS r);
    RETURN NEW;
END
$sync$;
CREATE TRIGGER {{sync}} BEFORE INSERT OR UPDATE ON {{table}}
    FOR EACH ROW EXECUTE FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}();
