-- Step 1 of 3 undone: drops the column {{raw:new}} of {{raw:table}} again.
--
-- Data loss: none, its values come from {{raw:column}}.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.

DROP TRIGGER {{sync}} ON {{table}};
DROP FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}();
ALTER TABLE {{table}} DROP COLUMN {{new}};
