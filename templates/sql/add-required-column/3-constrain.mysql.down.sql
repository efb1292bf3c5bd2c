-- Step 3 of 3 undone: {{raw:column}} of {{raw:table}} may be NULL again.
--
-- Data loss: none.
-- Expected duration: grows with the table, which is written anew while others
-- go on reading and writing it.

{{^type}}
-- migrate: edit "write the type of {{text:column}}"
{{/type}}
ALTER TABLE {{table}} MODIFY COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}} NULL{{#default}}{{#default.stable}} DEFAULT {{default}}{{/default.stable}}{{^default.stable}} DEFAULT ({{default}}){{/default.stable}}{{/default}}, ALGORITHM=INPLACE, LOCK=NONE;
