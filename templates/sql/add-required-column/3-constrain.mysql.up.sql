-- Step 3 of 3: makes {{raw:column}} of {{raw:table}} NOT NULL.
--
-- Rollback: takes NOT NULL away again; nothing is lost.
{{#default}}
{{#default.constant}}
-- Expected duration: grows with the table, which is written anew while others
-- go on reading and writing it. Where that cannot be (a generated column in
-- it, a sql_mode that is not strict), the server refuses at once.
{{/default.constant}}
{{^default.constant}}
-- Expected duration: grows with the table, which is copied: for a default that
-- is no constant the server knows no other way. Nobody else writes to it
-- meanwhile.
{{/default.constant}}
{{/default}}
{{^default}}
-- Expected duration: grows with the table, which is written anew while others
-- go on reading and writing it. Where that cannot be (a generated column in
-- it, a sql_mode that is not strict), the server refuses at once.
{{/default}}
-- The whole column is written here, as MODIFY forgets what is left out: a
-- comment, a character set.

{{#fill}}
-- Rows that came without a value since step 2.
UPDATE {{table}} SET {{column}} = {{fill}} WHERE {{column}} IS NULL;
{{/fill}}
{{^type}}
-- migrate: edit "write the type of {{text:column}}"
{{/type}}
ALTER TABLE {{table}} MODIFY COLUMN {{column}} {{#type}}{{type}}{{/type}}{{^type}}<type>{{/type}} NOT NULL{{#default}}{{#default.stable}} DEFAULT {{default}}{{/default.stable}}{{^default.stable}} DEFAULT ({{default}}){{/default.stable}}{{/default}}{{#default.constant}}, ALGORITHM=INPLACE, LOCK=NONE{{/default.constant}}{{^default}}, ALGORITHM=INPLACE, LOCK=NONE{{/default}};
