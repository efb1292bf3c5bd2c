-- Nothing to undo: nothing tells the rows that were filled from those that had
-- their value before.
--
-- Data loss: none.
-- Expected duration: none.

-- migrate: empty "the values stay"
