-- Step 3 of 3: puts {{raw:new}} in the place of {{raw:column}} of {{raw:table}}, which then has
-- the new type.
--
-- Rollback: makes the old column again from the new values, which grows with
-- the table.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.
{{?restore}}
-- What is made again at the end grows with the table, and keeps others out of
-- it meanwhile.
{{/restore}}

-- migrate: hold "deploy the code that takes {{text:column}} of {{text:table}} as either type"
{{#blocked}}
-- migrate: edit "{{text:blocked}} needs the old {{text:column}}: write what becomes of it"
{{/blocked}}
DROP TRIGGER {{sync}} ON {{table}};
{{#sequence}}
ALTER SEQUENCE {{sequence}} OWNED BY NONE;
{{/sequence}}
ALTER TABLE {{table}} DROP COLUMN {{column}};
ALTER TABLE {{table}} RENAME COLUMN {{new}} TO {{column}};
{{#column.not-null}}
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET NOT NULL;
ALTER TABLE {{table}} DROP CONSTRAINT {{check}};
{{/column.not-null}}
{{#column.default}}
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET DEFAULT {{column.default}};
{{/column.default}}
{{#sequence}}
ALTER SEQUENCE {{sequence}} OWNED BY {{table}}.{{column}};
-- migrate: edit "write here how far {{text:sequence}} is to count, or take this line out: ALTER SEQUENCE {{text:sequence}} AS {{#type}}{{text:type}}{{/type}}{{^type}}<type>{{/type}};"
{{/sequence}}
{{#restore}}
-- migrate: edit "write here for the new {{text:column}} what {{text:column}} had, or take this line out: {{text:restore}};"
{{/restore}}
{{^column.known}}
-- migrate: edit "write here what gives the new {{text:column}} the default, NOT NULL, indexes and constraints that {{text:column}} has, which no target could tell"
{{/column.known}}
DROP FUNCTION {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}();
