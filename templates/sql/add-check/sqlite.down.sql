-- Makes the table {{raw:table}} again without the constraint {{raw:constraint}}.
--
-- Data loss: none.
-- Expected duration: grows with the table, whose rows are copied. Nobody else
-- writes to the database meanwhile.

{{#rebuild}}
have constraint CONSTRAINT {{constraint}} CHECK ({{#condition}}{{condition}}{{/condition}}{{^condition}}<condition>{{/condition}})
original
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew without the constraint"
CREATE TABLE {{table.new}} (
    <columns>
);
INSERT INTO {{table.new}} (<columns>) SELECT <columns> FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
-- and the indexes and triggers of {{raw:table}}
{{/rebuild}}
