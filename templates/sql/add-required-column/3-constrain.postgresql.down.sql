-- Step 3 of 3 undone: {{raw:column}} of {{raw:table}} may be NULL again.
--
-- Data loss: none.
-- Expected duration: milliseconds whatever the size of the table, once nobody
-- uses it: only the catalog changes. The lock keeps everyone out meanwhile.

ALTER TABLE {{table}} ALTER COLUMN {{column}} DROP NOT NULL;
