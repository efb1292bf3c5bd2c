-- Step 1 of 3: adds the column {{raw:column}} to {{raw:table}}, still without NOT NULL.
-- Deploy the code that writes it in every INSERT and UPDATE after this step.
--
-- Rollback: drops the column with all that was written into it.
{{#type.heavy}}
-- Expected duration: grows with the table: a column of this kind makes the
-- server write it anew, and nobody else writes to it meanwhile.
{{/type.heavy}}
{{^type.heavy}}
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only its definition changes. Where that cannot be (a table in an
-- old format), the server refuses at once instead of copying the table.
{{/type.heavy}}

{{^type}}
-- The name does not tell the type; for example: boolean, text, bigint.
-- migrate: edit "write the type of {{text:column}}"
{{/type}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{#default.stable}} DEFAULT {{default}}{{/default.stable}}{{^type.heavy}}, ALGORITHM=INSTANT{{/type.heavy}};
{{#default}}
{{^default.stable}}
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET DEFAULT ({{default}});
{{/default.stable}}
{{/default}}
