-- Makes {{raw:column}} of {{raw:table}} refer to {{#references}}{{raw:references}}{{/references}}{{^references}}another table{{/references}}.
--
-- Rollback: drops the constraint{{^indexed}} and its index{{/indexed}}; nothing is lost.
-- Expected duration: grows with the table, which is copied; nobody else writes
-- to it meanwhile, nor changes what it refers to.

{{^references}}
-- migrate: edit "write the table that {{text:column}} refers to"
{{/references}}
-- Orphans would make it fail at its end: none may be there. To see them:
--   SELECT c.* FROM {{table}} AS c LEFT JOIN {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} AS p ON p.{{key}} = c.{{column}}
--   WHERE c.{{column}} IS NOT NULL AND p.{{key}} IS NULL;
-- migrate: verify
SELECT count(*) = 0 FROM {{table}} AS c LEFT JOIN {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} AS p ON p.{{key}} = c.{{column}}
    WHERE c.{{column}} IS NOT NULL AND p.{{key}} IS NULL;
{{^indexed}}
-- Without an index on the column the server would make one by itself.
ALTER TABLE {{table}} ADD INDEX {{index}} ({{column}}), ALGORITHM=INPLACE, LOCK=NONE;
{{/indexed}}
ALTER TABLE {{table}} ADD CONSTRAINT {{constraint}} FOREIGN KEY ({{column}}) REFERENCES {{#references}}{{references}}{{/references}}{{^references}}<table>{{/references}} ({{key}}){{#action}} {{action}}{{/action}};
