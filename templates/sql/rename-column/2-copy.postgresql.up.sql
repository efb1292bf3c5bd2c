-- Step 2 of 3: gives {{raw:to}} the values of {{raw:column}} in the rows of {{raw:table}} that were
-- there before step 1.
--
-- Rollback: none is needed, the column goes when step 1 is undone.
-- Expected duration: grows with the table. It runs in batches, each a
-- transaction of its own, so that nobody waits for long; a run that ends in the
-- middle goes on where it was.
{{#column.not-null}}
-- Then it checks that none is missing, for NOT NULL in step 3; that reads the
-- table once while others go on reading and writing.
{{/column.not-null}}

-- migrate: batch
UPDATE {{table}} SET {{to}} = {{column}} WHERE {{to}} IS NULL AND {{column}} IS NOT NULL;
{{#column.not-null}}
ALTER TABLE {{table}} ADD CONSTRAINT {{check}} CHECK ({{to}} IS NOT NULL) NOT VALID;
ALTER TABLE {{table}} VALIDATE CONSTRAINT {{check}};
{{/column.not-null}}
