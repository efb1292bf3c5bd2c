-- Step 3 of 3: drops the column {{raw:column}} of {{raw:table}}, which {{raw:to}} has replaced.
--
-- Rollback: makes {{raw:column}} again from {{raw:to}}; nothing is lost.
-- Expected duration: grows with the table, which is written anew while others
-- go on reading and writing it. Where that cannot be (a generated column in
-- it, a sql_mode that is not strict), the server refuses at once.
-- Until the triggers are dropped, after the column, who writes to the table gets
-- an error: that is a moment, and nothing is written to one column alone.

-- migrate: hold "deploy the code that calls it {{text:to}} everywhere"
{{#blocked}}
-- migrate: edit "{{text:blocked}} needs {{text:column}}: write what becomes of it"
{{/blocked}}
{{#restore}}
-- migrate: edit "for {{text:to}}, write this into the next ALTER TABLE, or as one of its own after it, or take this line out: {{text:restore}}"
{{/restore}}
{{^column.known}}
-- migrate: edit "give {{text:to}} the default, NOT NULL, indexes and constraints that {{text:column}} has, which no target could tell"
{{/column.known}}
{{^type}}
{{^column.known}}
-- migrate: edit "write the type of {{text:column}}, which no target could tell"
{{/column.known}}
{{/type}}
ALTER TABLE {{table}} {{#clause}}{{clause}}, {{/clause}}DROP COLUMN {{column}}, MODIFY COLUMN {{to}} {{#column.known}}{{column.definition}}{{/column.known}}{{^column.known}}{{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{/column.known}}, ALGORITHM=INPLACE, LOCK=NONE;
DROP TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_insert;
DROP TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_update;
