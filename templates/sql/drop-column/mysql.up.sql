-- Drops the column {{raw:column}} of {{raw:table}}.
--
-- Data loss: all its values. The rollback makes the column again, but empty.
-- Expected duration: milliseconds from MariaDB 10.4 and MySQL 8.0.29 on, before
-- that it grows with the table. Others go on reading and writing.
{{?clause}}
-- Indexes and constraints on the column go with it.
{{/clause}}

-- migrate: hold "deploy the code that neither reads nor writes {{text:table}}.{{text:column}}"
-- migrate: data-loss "{{text:table}}.{{text:column}} is lost"
{{#blocked}}
-- migrate: edit "{{text:blocked}} needs the column: write what becomes of it"
{{/blocked}}
ALTER TABLE {{table}} {{#clause}}{{clause}}, {{/clause}}DROP COLUMN {{column}}, ALGORITHM=INPLACE, LOCK=NONE;
