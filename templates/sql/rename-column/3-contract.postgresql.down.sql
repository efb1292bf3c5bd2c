-- Step 3 of 3 undone: makes the column {{raw:column}} of {{raw:table}} again, with the values
-- of {{raw:to}}.
--
-- Data loss: none.
-- Expected duration: grows with the table: each row is written, and nobody else
-- reads or writes the table meanwhile.

{{#blocked}}
-- migrate: edit "bring {{text:blocked}} back"
{{/blocked}}
{{^type}}
{{^column.known}}
-- migrate: edit "write the type of {{text:column}}, which no target could tell"
{{/column.known}}
{{/type}}
{{#undo}}
{{undo}};
{{/undo}}
{{#column.known}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.nullable}};
{{/column.known}}
{{^column.known}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}};
{{/column.known}}
UPDATE {{table}} SET {{column}} = {{to}};
{{#column.not-null}}
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET NOT NULL;
ALTER TABLE {{table}} ADD CONSTRAINT {{check}} CHECK ({{to}} IS NOT NULL);
ALTER TABLE {{table}} ALTER COLUMN {{to}} DROP NOT NULL;
{{/column.not-null}}
{{#column.default}}
ALTER TABLE {{table}} ALTER COLUMN {{to}} DROP DEFAULT;
{{/column.default}}
{{#sequence}}
ALTER SEQUENCE {{sequence}} OWNED BY {{table}}.{{column}};
{{/sequence}}
{{#restore}}
{{restore}};
{{/restore}}
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
