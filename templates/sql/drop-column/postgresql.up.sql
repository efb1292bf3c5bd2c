-- Drops the column {{raw:column}} of {{raw:table}}.
--
-- Data loss: all its values. The rollback makes the column again, but empty.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.
{{?restore}}
-- Indexes and constraints on the column go with it.
{{/restore}}

-- migrate: hold "deploy the code that neither reads nor writes {{text:table}}.{{text:column}}"
-- migrate: data-loss "{{text:table}}.{{text:column}} is lost"
{{#blocked}}
-- migrate: edit "{{text:blocked}} needs the column: write what becomes of it"
{{/blocked}}
ALTER TABLE {{table}} DROP COLUMN {{column}};
