-- Drops the table {{raw:table}}.
--
-- Data loss: all its rows. The rollback makes the table again, but empty.
{{#engine.postgresql}}
-- Expected duration: milliseconds, once nobody uses the table. Tables that a
-- foreign key connects with it are locked too until the commit.
{{/engine.postgresql}}
{{#engine.mysql}}
-- Expected duration: milliseconds, once nobody uses the table; the file of a
-- large one takes longer to go.
{{/engine.mysql}}
{{#engine.sqlite}}
-- Expected duration: grows with the table.
{{/engine.sqlite}}
{{#mention}}
-- {{raw:mention}} speaks of a table of that name: see whether it is this one.
{{/mention}}

-- migrate: hold "deploy the code that does without {{text:table}}, and take a backup"
-- migrate: data-loss "{{text:table}} is lost with all its rows"
{{#blocked}}
-- migrate: edit "{{text:blocked}} needs the table: write what becomes of it"
{{/blocked}}
{{?first}}
-- Foreign keys of other tables that point to it go first.
{{/first}}
{{#first}}
{{first}};
{{/first}}
DROP TABLE {{table}};
