-- Step 3 of 3: puts {{raw:new}} in the place of {{raw:column}} of {{raw:table}}, which then has
-- the new type.
--
-- Rollback: makes the old column again from the new values, which grows with
-- the table.
-- Expected duration: grows with the table, which is written anew while others
-- go on reading and writing it. Where that cannot be (a generated column in
-- it, a sql_mode that is not strict), the server refuses at once.
-- Until the triggers are dropped, after the column, who writes to the table gets
-- an error: that is a moment, and nothing is written to one column alone.

-- migrate: hold "deploy the code that takes {{text:column}} of {{text:table}} as either type"
{{#blocked}}
-- migrate: edit "{{text:blocked}} needs the old {{text:column}}: write what becomes of it"
{{/blocked}}
{{#restore}}
-- migrate: edit "for the new {{text:column}}, write this into the next ALTER TABLE, or as one of its own after it, or take this line out: {{text:restore}}"
{{/restore}}
{{^column.known}}
-- migrate: edit "give the new {{text:column}} the default, NOT NULL, indexes and constraints that {{text:column}} has, which no target could tell"
{{/column.known}}
{{^type}}
-- migrate: edit "write the new type of {{text:column}}"
{{/type}}
ALTER TABLE {{table}} {{#clause}}{{clause}}, {{/clause}}DROP COLUMN {{column}}, CHANGE COLUMN {{new}} {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}}{{#column.not-null}} NOT NULL{{/column.not-null}}{{#column.default}} DEFAULT {{column.default}}{{/column.default}}, ALGORITHM=INPLACE, LOCK=NONE;
DROP TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_insert;
DROP TRIGGER {{#table.schema}}{{table.schema}}.{{/table.schema}}{{sync}}_update;
