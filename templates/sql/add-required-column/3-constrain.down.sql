-- Step 3 of 3 undone: {{raw:column}} of {{raw:table}} may be NULL again.
--
-- Data loss: none.
-- Expected duration: grows with the table: SQLite cannot change a column, so
-- the table is made anew and its rows are copied. Nobody else writes to the
-- database meanwhile.

{{#rebuild}}
have add {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{#default.constant}} DEFAULT {{default}}{{/default.constant}}
have not-null {{column}}
{{#default}}
{{^default.constant}}
have default {{column}} ({{default}})
no-default {{column}}
{{/default.constant}}
{{/default}}
null {{column}}
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew with {{text:column}} as step 1 left it"
CREATE TABLE {{table.new}} (
    <columns>,
    {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{#default.constant}} DEFAULT {{default}}{{/default.constant}}
);
INSERT INTO {{table.new}} (<columns>, {{column}})
    SELECT <columns>, {{column}} FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
-- and the indexes and triggers of {{raw:table}}
{{/rebuild}}
