-- Step 3 of 3 undone: gives {{raw:column}} of {{raw:table}} its old type again; {{raw:new}} has
-- the new one.
--
-- Data loss: none; it fails when the old type cannot hold a value.
-- Expected duration: grows with the table: each row is written, and nobody else
-- reads or writes the table meanwhile.

{{#undo}}
{{undo}};
{{/undo}}
{{#reset}}
{{reset}};
{{/reset}}
ALTER TABLE {{table}} RENAME COLUMN {{column}} TO {{new}};
{{#blocked}}
-- migrate: edit "bring {{text:blocked}} back"
{{/blocked}}
{{^column.known}}
-- migrate: edit "write the old type of {{text:column}}, which no target could tell, twice"
{{/column.known}}
{{#column.known}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{column.nullable}};
{{/column.known}}
{{^column.known}}
ALTER TABLE {{table}} ADD COLUMN {{column}} <type>;
{{/column.known}}
UPDATE {{table}} SET {{column}} = {{#back}}{{back}}{{/back}}{{^back}}{{new}}::{{#column.known}}{{column.type}}{{/column.known}}{{^column.known}}<type>{{/column.known}}{{/back}};
{{#column.not-null}}
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET NOT NULL;
ALTER TABLE {{table}} ADD CONSTRAINT {{check}} CHECK ({{new}} IS NOT NULL);
ALTER TABLE {{table}} ALTER COLUMN {{new}} DROP NOT NULL;
{{/column.not-null}}
{{#column.default}}
ALTER TABLE {{table}} ALTER COLUMN {{new}} DROP DEFAULT;
{{/column.default}}
{{#sequence}}
ALTER SEQUENCE {{sequence}} OWNED BY {{table}}.{{column}};
{{/sequence}}
{{#restore}}
{{restore}};
{{/restore}}
CREATE FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}() RETURNS trigger LANGUAGE plpgsql AS $sync$
BEGIN
    NEW.{{new}} := (SELECT {{#using}}{{using}}{{/using}}{{^using}}{{column}}::{{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{/using}} FROM (SELECT NEW.*) AS r);
    RETURN NEW;
END
$sync$;
CREATE TRIGGER {{sync}} BEFORE INSERT OR UPDATE ON {{table}}
    FOR EACH ROW EXECUTE FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}();
