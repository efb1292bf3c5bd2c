-- Step 1 of 3: adds the column {{raw:column}} to {{raw:table}}, still without NOT NULL.
-- Deploy the code that writes it in every INSERT and UPDATE after this step.
--
-- Rollback: drops the column with all that was written into it.
-- Expected duration: milliseconds whatever the size of the table: only the
-- schema changes.

{{^type}}
-- The name does not tell the type; for example: boolean, text, integer.
-- migrate: edit "write the type of {{text:column}}"
{{/type}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{#default.constant}} DEFAULT {{default}}{{/default.constant}};
