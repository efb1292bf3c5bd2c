-- Their columns: domains are taken for what they are made of.
WITH RECURSIVE base (type, oid, typmod, filled) AS (
	SELECT t.oid, t.oid, -1, false
	FROM pg_catalog.pg_type t
	WHERE t.typtype <> 'd'
	UNION ALL
	SELECT t.oid, b.oid,
	       CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE b.typmod END,
	       b.filled OR t.typnotnull
	FROM base b
	JOIN pg_catalog.pg_type t ON t.typbasetype = b.type AND t.typtype = 'd'
)
SELECT c.oid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
       t.typname, t.typtype, t.typcategory,
       CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE b.typmod END,
       a.attnotnull OR b.filled, {{120000 a.attgenerated <> ''}{ false}},
       {{100000 a.attidentity <> '' OR}{}} pg_catalog.pg_get_expr(d.adbin, d.adrelid)
	LIKE 'nextval(%',
       d.adbin IS NOT NULL, e.typname,
       (SELECT pg_catalog.string_agg(l.enumlabel::text, E'\001'
				     ORDER BY l.enumsortorder)
	FROM pg_catalog.pg_enum l
	WHERE l.enumtypid IN (t.oid, t.typelem)),
       coalesce(pg_catalog.pg_get_serial_sequence(
			pg_catalog.quote_ident(n.nspname) || '.'
			|| pg_catalog.quote_ident(c.relname), a.attname),
		(SELECT s.refobjid::pg_catalog.regclass::text
		 FROM pg_catalog.pg_depend s
		 JOIN pg_catalog.pg_class q
		   ON q.oid = s.refobjid AND q.relkind = 'S'
		 WHERE s.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
		   AND s.objid = d.oid
		   AND s.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
		 LIMIT 1))
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN base b ON b.type = a.atttypid
JOIN pg_catalog.pg_type t ON t.oid = b.oid
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
LEFT JOIN pg_catalog.pg_attrdef d
  ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.oid, a.attnum;
