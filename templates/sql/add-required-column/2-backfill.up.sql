-- Step 2 of 3: gives {{raw:column}} a value in the rows of {{raw:table}} that have none.
--
-- Rollback: none is needed, the values stay until step 1 is undone.
-- Expected duration: grows with the number of rows that have no value.
{{#engine.postgresql}}
-- Readers go on; who writes one of these rows waits until the commit. For a
-- large table write before the UPDATE: -- migrate: batch
{{/engine.postgresql}}
{{#engine.mysql}}
-- Readers go on; who writes one of these rows waits until the commit. For a
-- large table write before the UPDATE: -- migrate: batch
{{/engine.mysql}}
{{#engine.sqlite}}
-- Nobody else writes to the database meanwhile.
{{/engine.sqlite}}

-- migrate: hold "deploy the code that writes {{text:table}}.{{text:column}} in every INSERT and UPDATE"
{{#fill}}
UPDATE {{table}} SET {{column}} = {{fill}} WHERE {{column}} IS NULL;
{{/fill}}
{{^fill}}
-- migrate: edit "write the value for rows that have none"
UPDATE {{table}} SET {{column}} = <value> WHERE {{column}} IS NULL;
{{/fill}}
