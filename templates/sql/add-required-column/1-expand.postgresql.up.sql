-- Step 1 of 3: adds the column {{raw:column}} to {{raw:table}}, still without NOT NULL.
-- Deploy the code that writes it in every INSERT and UPDATE after this step.
--
-- Rollback: drops the column with all that was written into it.
{{#type.rewrites}}
-- Expected duration: grows with the table: this type fills every row, and
-- nobody reads or writes the table meanwhile.
{{/type.rewrites}}
{{^type.rewrites}}
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.
{{/type.rewrites}}

{{^type}}
-- The name does not tell the type; for example: boolean, text, bigint.
-- migrate: edit "write the type of {{text:column}}"
{{/type}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{#default.stable}} DEFAULT {{default}}{{/default.stable}};
{{#default}}
{{^default.stable}}
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET DEFAULT {{default}};
{{/default.stable}}
{{/default}}
