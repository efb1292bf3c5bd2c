-- Drops the foreign key {{raw:constraint}} of {{raw:table}} again.
--
-- Data loss: none.
-- Expected duration: milliseconds whatever the size of the tables, once nobody
-- uses either: only the catalog changes. The lock keeps everyone out of both.

ALTER TABLE {{table}} DROP CONSTRAINT {{constraint}};
