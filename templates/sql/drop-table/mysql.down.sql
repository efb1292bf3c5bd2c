{{?known}}
-- Makes the table {{raw:table}} again as the target had it when this was
-- written, without its rows.
{{/known}}
{{^known}}
-- Makes the table {{raw:table}} again, without its rows.
{{/known}}
--
-- Data loss: none; the rows went with the table.
-- Expected duration: milliseconds.

{{#blocked}}
-- migrate: edit "bring {{text:blocked}} back"
{{/blocked}}
{{#definition}}
{{definition}};
{{/definition}}
{{?after}}
-- Foreign keys of other tables. They fail while rows there point to rows that
-- are gone.
{{/after}}
{{#after}}
{{after}};
{{/after}}
{{^known}}
-- migrate: edit "write the definition of {{text:table}}, which no target could tell"
CREATE TABLE {{table}} (
    <columns>
);
{{/known}}
