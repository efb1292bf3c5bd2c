-- Tables with rows of their own, but for those of extensions, and their columns
-- by name: a restored table may have them in another order.
SELECT n.nspname, c.relname,
       (SELECT string_agg(format('t.%I', a.attname), ', '
			  ORDER BY a.attname COLLATE "C")
	FROM pg_catalog.pg_attribute a
	WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
		  WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
		    AND e.objid = c.oid AND e.deptype = 'e')
