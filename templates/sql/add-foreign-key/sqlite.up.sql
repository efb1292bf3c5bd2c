-- Makes {{raw:column}} of {{raw:table}} refer to {{#references}}{{raw:references}}{{/references}}{{^references}}another table{{/references}}.
--
-- Rollback: makes the table again without it; nothing is lost.
-- Expected duration: grows with the table: SQLite cannot add a constraint, so
-- the table is made anew and its rows are copied. Nobody else writes to the
-- database meanwhile. Run by git migrate, which switches foreign keys off: with
-- them DROP TABLE would delete what points to the rows.

{{^references}}
-- migrate: edit "write the table that {{text:column}} refers to"
{{/references}}
-- Orphans would make it fail at its end: none may be there. To see them:
--   SELECT c.* FROM {{table}} AS c LEFT JOIN {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} AS p ON p.{{key}} = c.{{column}}
--   WHERE c.{{column}} IS NOT NULL AND p.{{key}} IS NULL;
-- migrate: verify
SELECT count(*) = 0 FROM {{table}} AS c LEFT JOIN {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} AS p ON p.{{key}} = c.{{column}}
    WHERE c.{{column}} IS NOT NULL AND p.{{key}} IS NULL;
{{#rebuild}}
constraint CONSTRAINT {{constraint}} FOREIGN KEY ({{column}}) REFERENCES {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} ({{key}}){{#action}} {{action}}{{/action}}
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew with the foreign key: no target could tell its definition"
CREATE TABLE {{table.new}} (
    <columns>,
    CONSTRAINT {{constraint}} FOREIGN KEY ({{column}}) REFERENCES {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} ({{key}}){{#action}} {{action}}{{/action}}
);
INSERT INTO {{table.new}} (<columns>) SELECT <columns> FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
-- and the indexes and triggers of {{raw:table}}
{{/rebuild}}
