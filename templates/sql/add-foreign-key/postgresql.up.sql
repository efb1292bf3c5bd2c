-- Makes {{raw:column}} of {{raw:table}} refer to {{#references}}{{raw:references}}{{/references}}{{^references}}another table{{/references}}.
--
-- Rollback: drops the constraint; nothing is lost.
-- Expected duration: reads the table once, and readers and writers go on
-- meanwhile; the lock that keeps writers of both tables out is held for
-- milliseconds. For that each statement has a transaction of its own. New rows
-- are checked from the second statement on, those that are there by VALIDATE.
{{#references}}
{{#unindexed}}
-- No index begins with {{raw:column}}: each row deleted from {{raw:references}} reads all of
-- {{raw:table}}. Better first: git migrate new add_index_on_{{word:column}}_to_{{word:table.name}}
{{/unindexed}}
{{/references}}

-- migrate: no-transaction
{{^references}}
-- migrate: edit "write the table that {{text:column}} refers to"
{{/references}}
-- Orphans would make it fail at its end: none may be there. To see them:
--   SELECT c.* FROM {{table}} AS c LEFT JOIN {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} AS p ON p.{{key}} = c.{{column}}
--   WHERE c.{{column}} IS NOT NULL AND p.{{key}} IS NULL;
-- migrate: verify
SELECT count(*) = 0 FROM {{table}} AS c LEFT JOIN {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} AS p ON p.{{key}} = c.{{column}}
    WHERE c.{{column}} IS NOT NULL AND p.{{key}} IS NULL;
ALTER TABLE {{table}} ADD CONSTRAINT {{constraint}} FOREIGN KEY ({{column}}) REFERENCES {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} ({{key}}){{#action}} {{action}}{{/action}} NOT VALID;
ALTER TABLE {{table}} VALIDATE CONSTRAINT {{constraint}};
