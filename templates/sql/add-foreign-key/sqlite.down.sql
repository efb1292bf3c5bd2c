-- Makes the table {{raw:table}} again without the foreign key {{raw:constraint}}.
--
-- Data loss: none.
-- Expected duration: grows with the table, whose rows are copied. Nobody else
-- writes to the database meanwhile.

{{#rebuild}}
have constraint CONSTRAINT {{constraint}} FOREIGN KEY ({{column}}) REFERENCES {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} ({{key}}){{#action}} {{action}}{{/action}}
original
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew without the foreign key"
CREATE TABLE {{table.new}} (
    <columns>
);
INSERT INTO {{table.new}} (<columns>) SELECT <columns> FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
-- and the indexes and triggers of {{raw:table}}
{{/rebuild}}
