-- Drops the column {{raw:column}} of {{raw:table}}.
--
-- Data loss: all its values. The rollback makes the column again, but empty.
-- Expected duration: grows with the table, which is written anew. Nobody else
-- writes to the database meanwhile.
{{#mention}}
-- {{raw:mention}} speaks of a column of that name: see whether it is this one.
{{/mention}}

-- migrate: hold "deploy the code that neither reads nor writes {{text:table}}.{{text:column}}"
-- migrate: data-loss "{{text:table}}.{{text:column}} is lost"
{{#index}}
DROP INDEX {{index}};
{{/index}}
{{#column.known}}
{{#column.droppable}}
ALTER TABLE {{table}} DROP COLUMN {{column}};
{{/column.droppable}}
{{^column.droppable}}
-- A constraint is about the column, so the table is made anew without both.
{{#rebuild}}
drop {{column}}
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew without {{text:column}}: it cannot simply be dropped"
CREATE TABLE {{table.new}} (
    <columns>
);
INSERT INTO {{table.new}} (<columns>) SELECT <columns> FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
{{/rebuild}}
{{/column.droppable}}
{{/column.known}}
{{^column.known}}
-- Fails when an index, a constraint, a view or a trigger speaks of the column.
ALTER TABLE {{table}} DROP COLUMN {{column}};
{{/column.known}}
