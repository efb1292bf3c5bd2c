-- Adds the column {{raw:column}} to {{raw:table}}.
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
{{#default}}
{{^default.stable}}
-- Rows that are there already stay without a value: to fill them here would
-- write the whole table anew while nobody can read it.
{{/default.stable}}
{{/default}}

{{^type}}
-- The name does not tell the type; for example: boolean DEFAULT false, text.
-- migrate: edit "write the type of {{text:column}}"
{{/type}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{#default.stable}} DEFAULT {{default}}{{/default.stable}};
{{#default}}
{{^default.stable}}
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET DEFAULT {{default}};
{{/default.stable}}
{{/default}}
