-- Nothing to undo: nothing tells the rows that were filled from those that had
-- their value before.
--
-- Data loss: what stood there before.
-- Expected duration: none.

-- migrate: data-loss "what stood in {{text:table}}.{{text:column}} before"
-- migrate: empty "the values stay"
