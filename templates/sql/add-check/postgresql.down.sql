-- Drops the constraint {{raw:constraint}} of {{raw:table}} again.
--
-- Data loss: none.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.

ALTER TABLE {{table}} DROP CONSTRAINT {{constraint}};
