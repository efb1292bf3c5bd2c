-- Drops the index {{raw:index}} of {{raw:table}} again.
--
-- Data loss: none.
-- Expected duration: milliseconds; the space it took is free for other use.

DROP INDEX {{index}};
