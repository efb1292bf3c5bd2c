-- Step 2 of 3: gives {{raw:to}} the values of {{raw:column}} in the rows of {{raw:table}} that were
-- there before step 1.
--
-- Rollback: none is needed, the column goes when step 1 is undone.
-- Expected duration: grows with the table. It runs in batches, each a
-- transaction of its own, so that nobody waits for long; a run that ends in the
-- middle goes on where it was.

-- migrate: batch
UPDATE {{table}} SET {{to}} = {{column}} WHERE {{to}} IS NULL AND {{column}} IS NOT NULL;
