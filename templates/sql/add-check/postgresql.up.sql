-- Adds the constraint {{raw:constraint}} to {{raw:table}}.
--
-- Rollback: drops the constraint; nothing is lost.
-- Expected duration: reads the table once, and readers and writers go on
-- meanwhile; the lock that keeps others out is held for milliseconds. For that
-- each statement has a transaction of its own. Rows that do not fulfil it make
-- VALIDATE fail; new ones are refused from the first statement on.
{{#condition}}
-- To see them:
--   SELECT * FROM {{table}} WHERE NOT ({{condition}});
{{/condition}}

-- migrate: no-transaction
{{^condition}}
-- migrate: edit "write the condition that each row has to fulfil"
{{/condition}}
ALTER TABLE {{table}} ADD CONSTRAINT {{constraint}} CHECK ({{#condition}}{{condition}}{{/condition}}{{^condition}}<condition>{{/condition}}) NOT VALID;
ALTER TABLE {{table}} VALIDATE CONSTRAINT {{constraint}};
