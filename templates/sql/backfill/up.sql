-- Gives {{raw:column}} a value in the rows of {{raw:table}} where {{raw:where}}.
--
-- Rollback: none is needed, the values stay.
-- Expected duration: grows with the table. It runs in batches, each a
-- transaction of its own, so that nobody waits for long; a run that ends in the
-- middle goes on where it was.
{{#engine.sqlite}}
-- Nobody else writes to the database during a batch.
{{/engine.sqlite}}

{{^fill}}
-- migrate: edit "write the value for the rows"
{{/fill}}
-- migrate: batch rows=10000 pause=100ms{{#key}} key={{key}}{{/key}}
UPDATE {{table}} SET {{column}} = {{#fill}}{{fill}}{{/fill}}{{^fill}}<value>{{/fill}} WHERE {{where}};
