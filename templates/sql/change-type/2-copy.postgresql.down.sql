{{#column.not-null}}
-- Step 2 of 3 undone: {{raw:new}} of {{raw:table}} may be NULL again. The column takes the
-- values with it when step 1 is undone.
--
-- Data loss: which rows had no value.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.

-- migrate: data-loss "which rows of {{text:table}}.{{text:new}} had no value"
ALTER TABLE {{table}} DROP CONSTRAINT {{check}};
{{/column.not-null}}
{{^column.not-null}}
-- Step 2 of 3 undone: nothing to do, the column takes the values with it when
-- step 1 is undone.
--
-- Data loss: which rows had no value.
-- Expected duration: none.

-- migrate: data-loss "which rows of {{text:table}}.{{text:new}} had no value"
-- migrate: empty "the values stay until the column goes"
{{/column.not-null}}
