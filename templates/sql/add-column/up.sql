-- Adds the column {{raw:column}} to {{raw:table}}.
--
-- Rollback: drops the column with all that was written into it.
{{#default}}{{^default.constant}}
-- Expected duration: grows with the table, which is made anew: SQLite adds a
-- column only with a constant default.
{{/default.constant}}{{/default}}
{{#default.constant}}
-- Expected duration: milliseconds whatever the size of the table: only the
-- schema changes.
{{/default.constant}}
{{^default}}
-- Expected duration: milliseconds whatever the size of the table: only the
-- schema changes.
{{/default}}

{{^type}}
-- The name does not tell the type; for example: boolean DEFAULT false, text.
-- migrate: edit "write the type of {{text:column}}"
{{/type}}
{{#default}}
{{^default.constant}}
{{#rebuild}}
add {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}} DEFAULT ({{default}})
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew with {{text:column}}: no target could tell its definition"
CREATE TABLE {{table.new}} (
    <columns>,
    {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}} DEFAULT ({{default}})
);
INSERT INTO {{table.new}} (<columns>) SELECT <columns> FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
{{/rebuild}}
{{/default.constant}}
{{#default.constant}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}} DEFAULT {{default}};
{{/default.constant}}
{{/default}}
{{^default}}
ALTER TABLE {{table}} ADD COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}};
{{/default}}
