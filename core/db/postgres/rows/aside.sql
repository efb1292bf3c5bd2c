-- What fires when rows are put in, and how to put it aside and back again: the
-- triggers of people, and what checks references at once. For a replica only
-- those that fire always.
SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', t.tgrelid::regclass, t.tgname),
       format('ALTER TABLE %s ENABLE %s TRIGGER %I', t.tgrelid::regclass,
	      CASE t.tgenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END, t.tgname)
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid AND c.relkind IN ('r', 'p')
WHERE t.tgrelid >= 16384 AND NOT t.tgisinternal
  AND (t.tgenabled = 'A' OR t.tgenabled = 'O'
       AND current_setting('session_replication_role') <> 'replica')
UNION ALL
SELECT format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE',
	      f.conrelid::regclass, f.conname),
       format('ALTER TABLE %s ALTER CONSTRAINT %I NOT DEFERRABLE',
	      f.conrelid::regclass, f.conname)
FROM pg_catalog.pg_constraint f
WHERE f.contype = 'f' AND f.conrelid >= 16384 AND NOT f.condeferrable
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
		  WHERE d.classid = 'pg_catalog.pg_constraint'::regclass
		    AND d.objid = f.oid
		    AND d.refclassid = 'pg_catalog.pg_constraint'::regclass)
  AND current_setting('session_replication_role') <> 'replica'
