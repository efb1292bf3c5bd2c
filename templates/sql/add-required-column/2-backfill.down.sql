-- Step 2 of 3 undone: nothing to do, the column takes the values with it when
-- step 1 is undone.
--
-- Data loss: which rows had no value.
-- Expected duration: none.

-- migrate: data-loss "which rows of {{text:table}}.{{text:column}} had no value"
-- migrate: empty "the values stay until the column goes"
