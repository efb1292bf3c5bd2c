-- Step 1 of 3 undone: drops the column {{raw:column}} of {{raw:table}} again.
--
-- Data loss: all that was written into it.
{{#engine.postgresql}}
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.
{{/engine.postgresql}}
{{^engine.postgresql}}
-- Expected duration: grows with the table, which is written anew.
{{/engine.postgresql}}

-- migrate: data-loss "{{text:table}}.{{text:column}} is lost"
ALTER TABLE {{table}} DROP COLUMN {{column}};
