-- Step 2 of 3 undone: nothing to do, the column takes the values with it when
-- step 1 is undone.
--
-- Data loss: none.
-- Expected duration: none.

-- migrate: empty "the values stay until the column goes"
