-- Step 3 of 3: makes {{raw:column}} of {{raw:table}} NOT NULL.
--
-- Rollback: takes NOT NULL away again; nothing is lost.
-- Expected duration: reads the table once, and readers and writers go on
-- meanwhile. SET NOT NULL itself finds the valid constraint and reads nothing,
-- so the locks that keep others out are held for milliseconds. For that each
-- statement has a transaction of its own; after a failure the script can run
-- again from its first line.

-- migrate: no-transaction
-- migrate: idempotent
ALTER TABLE {{table}} DROP CONSTRAINT IF EXISTS {{check}};
ALTER TABLE {{table}} ADD CONSTRAINT {{check}} CHECK ({{column}} IS NOT NULL) NOT VALID;
{{#fill}}
-- Rows that came without a value since step 2; from here on none can.
UPDATE {{table}} SET {{column}} = {{fill}} WHERE {{column}} IS NULL;
{{/fill}}
ALTER TABLE {{table}} VALIDATE CONSTRAINT {{check}};
ALTER TABLE {{table}} ALTER COLUMN {{column}} SET NOT NULL;
ALTER TABLE {{table}} DROP CONSTRAINT {{check}};
