-- Gives the column {{raw:column}} of {{raw:table}} the type {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}.
--
-- Rollback: gives it its old type; what that cannot hold is changed by CAST.
-- Expected duration: grows with the table: SQLite cannot change a column, so
-- the table is made anew and its rows are copied. Nobody else writes to the
-- database meanwhile. Run by git migrate, which switches foreign keys off:
-- with them DROP TABLE would delete what points to the rows.

-- migrate: hold "deploy the code that takes {{text:column}} of {{text:table}} as either type"
{{^type}}
-- migrate: edit "write the new type of {{text:column}}"
{{/type}}
{{#rebuild}}
type {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}
fill {{column}} {{#using}}{{using}}{{/using}}{{^using}}CAST({{column}} AS {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}){{/using}}
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew with {{text:column}} of the new type: no target could tell its definition"
CREATE TABLE {{table.new}} (
    <columns>,
    {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}
);
INSERT INTO {{table.new}} (<columns>, {{column}})
    SELECT <columns>, {{#using}}{{using}}{{/using}}{{^using}}CAST({{column}} AS {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}){{/using}} FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
-- and the indexes and triggers of {{raw:table}}
{{/rebuild}}
