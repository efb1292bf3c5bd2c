-- Adds the constraint {{raw:constraint}} to {{raw:table}}.
--
-- Rollback: makes the table again without it; nothing is lost.
-- Expected duration: grows with the table: SQLite cannot add a constraint, so
-- the table is made anew and its rows are copied. Nobody else writes to the
-- database meanwhile. Rows that do not fulfil it make it fail. Run by git
-- migrate, which switches foreign keys off: with them DROP TABLE would delete
-- what points to the rows.
{{#condition}}
-- To see them:
--   SELECT * FROM {{table}} WHERE NOT ({{condition}});
{{/condition}}

{{^condition}}
-- migrate: edit "write the condition that each row has to fulfil"
{{/condition}}
{{#rebuild}}
constraint CONSTRAINT {{constraint}} CHECK ({{#condition}}{{condition}}{{/condition}}{{^condition}}<condition>{{/condition}})
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew with the constraint: no target could tell its definition"
CREATE TABLE {{table.new}} (
    <columns>,
    CONSTRAINT {{constraint}} CHECK ({{#condition}}{{condition}}{{/condition}}{{^condition}}<condition>{{/condition}})
);
INSERT INTO {{table.new}} (<columns>) SELECT <columns> FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
-- and the indexes and triggers of {{raw:table}}
{{/rebuild}}
