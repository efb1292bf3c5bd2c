-- Gives the column {{raw:column}} of {{raw:table}} the type it had.
--
-- Data loss: values that the old type cannot hold are changed.
-- Expected duration: grows with the table, whose rows are copied. Nobody else
-- writes to the database meanwhile.

-- migrate: data-loss "values of {{text:table}}.{{text:column}} that the old type cannot hold"
{{#rebuild}}
have type {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}
original
fill {{column}} {{#back}}{{back}}{{/back}}{{^back}}CAST({{column}} AS {{#column.known}}{{column.type}}{{/column.known}}{{^column.known}}<type>{{/column.known}}){{/back}}
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew with {{text:column}} of its old type"
CREATE TABLE {{table.new}} (
    <columns>,
    {{column}} <type>
);
INSERT INTO {{table.new}} (<columns>, {{column}})
    SELECT <columns>, {{#back}}{{back}}{{/back}}{{^back}}{{column}}{{/back}} FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
-- and the indexes and triggers of {{raw:table}}
{{/rebuild}}
