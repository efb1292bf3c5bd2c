-- Adds the constraint {{raw:constraint}} to {{raw:table}}.
--
-- Rollback: drops the constraint; nothing is lost.
-- Expected duration: grows with the table, which is copied; nobody else writes
-- to it meanwhile. Rows that do not fulfil it make it fail.
{{#condition}}
-- To see them:
--   SELECT * FROM {{table}} WHERE NOT ({{condition}});
{{/condition}}

{{^condition}}
-- migrate: edit "write the condition that each row has to fulfil"
{{/condition}}
ALTER TABLE {{table}} ADD CONSTRAINT {{constraint}} CHECK ({{#condition}}{{condition}}{{/condition}}{{^condition}}<condition>{{/condition}});
