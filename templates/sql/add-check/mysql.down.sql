-- Drops the constraint {{raw:constraint}} of {{raw:table}} again.
--
-- Data loss: none.
-- Expected duration: milliseconds where the server can (MariaDB from 10.4 on),
-- before that it grows with the table.

ALTER TABLE {{table}} DROP CONSTRAINT {{constraint}};
