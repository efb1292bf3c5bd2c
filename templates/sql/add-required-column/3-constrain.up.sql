-- Step 3 of 3: makes {{raw:column}} of {{raw:table}} NOT NULL.
--
-- Rollback: takes NOT NULL away again; nothing is lost.
-- Expected duration: grows with the table: SQLite cannot change a column, so
-- the table is made anew and its rows are copied. Nobody else writes to the
-- database meanwhile. Run by git migrate, which switches foreign keys off:
-- with them DROP TABLE would delete what points to the rows.

{{#rebuild}}
have add {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{#default.constant}} DEFAULT {{default}}{{/default.constant}}
not-null {{column}}
{{#default}}
{{^default.constant}}
default {{column}} ({{default}})
{{/default.constant}}
{{/default}}
{{/rebuild}}
{{^rebuild}}
-- migrate: edit "make {{text:table}} anew with {{text:column}} NOT NULL: no target could tell its definition"
CREATE TABLE {{table.new}} (
    <columns>,
    {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}} NOT NULL{{#default}} DEFAULT ({{default}}){{/default}}
);
INSERT INTO {{table.new}} (<columns>, {{column}})
    SELECT <columns>, {{column}} FROM {{table}};
DROP TABLE {{table}};
ALTER TABLE {{table.new}} RENAME TO {{table.name}};
-- and the indexes and triggers of {{raw:table}}
{{/rebuild}}
