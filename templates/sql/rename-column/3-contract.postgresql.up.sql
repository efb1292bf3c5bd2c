-- Step 3 of 3: drops the column {{raw:column}} of {{raw:table}}, which {{raw:to}} has replaced.
--
-- Rollback: makes {{raw:column}} again from {{raw:to}}; nothing is lost.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.

-- migrate: hold "deploy the code that calls it {{text:to}} everywhere"
{{#blocked}}
-- migrate: edit "{{text:blocked}} needs {{text:column}}: write what becomes of it"
{{/blocked}}
{{#restore}}
-- migrate: edit "make for {{text:to}} what {{text:column}} has, or take this line out: {{text:restore}}"
{{/restore}}
{{^column.known}}
-- migrate: edit "give {{text:to}} the default, NOT NULL, indexes and constraints that {{text:column}} has, which no target could tell"
{{/column.known}}
DROP TRIGGER {{sync}} ON {{table}};
DROP FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}();
ALTER TABLE {{table}} DROP COLUMN {{column}};
{{#column.not-null}}
ALTER TABLE {{table}} ALTER COLUMN {{to}} SET NOT NULL;
ALTER TABLE {{table}} DROP CONSTRAINT {{check}};
{{/column.not-null}}
{{#column.default}}
ALTER TABLE {{table}} ALTER COLUMN {{to}} SET DEFAULT {{column.default}};
{{/column.default}}
