-- Step 3 of 3: drops the column {{raw:column}} of {{raw:table}}, which {{raw:to}} has replaced.
--
-- Rollback: makes {{raw:column}} again from {{raw:to}}; nothing is lost.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.
{{?restore}}
-- What is made again at the end grows with the table, and keeps others out of
-- it meanwhile.
{{/restore}}

-- migrate: hold "deploy the code that calls it {{text:to}} everywhere"
{{#blocked}}
-- migrate: edit "{{text:blocked}} needs {{text:column}}: write what becomes of it"
{{/blocked}}
DROP TRIGGER {{sync}} ON {{table}};
{{#sequence}}
ALTER SEQUENCE {{sequence}} OWNED BY NONE;
{{/sequence}}
ALTER TABLE {{table}} DROP COLUMN {{column}};
{{#column.not-null}}
ALTER TABLE {{table}} ALTER COLUMN {{to}} SET NOT NULL;
ALTER TABLE {{table}} DROP CONSTRAINT {{check}};
{{/column.not-null}}
{{#column.default}}
ALTER TABLE {{table}} ALTER COLUMN {{to}} SET DEFAULT {{column.default}};
{{/column.default}}
{{#sequence}}
ALTER SEQUENCE {{sequence}} OWNED BY {{table}}.{{to}};
{{/sequence}}
{{#restore}}
-- migrate: edit "write here for {{text:to}} what {{text:column}} had, or take this line out: {{text:restore}};"
{{/restore}}
{{^column.known}}
-- migrate: edit "write here what gives {{text:to}} the default, NOT NULL, indexes and constraints that {{text:column}} has, which no target could tell"
{{/column.known}}
DROP FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}();
