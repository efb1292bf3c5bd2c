-- Step 1 of 3: adds the column {{raw:to}} to {{raw:table}} and keeps it and {{raw:column}} the
-- same by a trigger, whichever of the two is written. Indexes and constraints
-- on {{raw:column}} are not made for it yet.
--
-- Rollback: drops both again; nothing is lost.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.

{{^type}}
{{^column.known}}
-- migrate: edit "write the type of {{text:column}}, which no target could tell"
{{/column.known}}
{{/type}}
ALTER TABLE {{table}} ADD COLUMN {{to}} {{#type}}{{type}}{{/type}}{{^type}}{{#column.known}}{{column.type}}{{/column.known}}{{^column.known}}<type>{{/column.known}}{{/type}};
CREATE FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}() RETURNS trigger LANGUAGE plpgsql AS $sync$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.{{to}} := coalesce(NEW.{{to}}, NEW.{{column}});
    ELSIF NEW.{{to}} IS NOT DISTINCT FROM OLD.{{to}} THEN
        NEW.{{to}} := NEW.{{column}};
    END IF;
    NEW.{{column}} := NEW.{{to}};
    RETURN NEW;
END
$sync$;
CREATE TRIGGER {{sync}} BEFORE INSERT OR UPDATE ON {{table}}
    FOR EACH ROW EXECUTE FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}();
