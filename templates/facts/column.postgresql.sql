-- parameters: table raw:column
-- What is known of a column, and what goes with it when it is dropped.
WITH col AS (
	SELECT a.*, c.relname, c.relowner, to_regclass($1::text)::text AS tab,
		quote_ident(a.attname) AS col, t.typcollation, t.typstorage,
		pg_get_expr(d.adbin, d.adrelid) AS expression
	FROM pg_attribute AS a
	JOIN pg_class AS c ON c.oid = a.attrelid
	JOIN pg_type AS t ON t.oid = a.atttypid
	LEFT JOIN pg_attrdef AS d
		ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid = to_regclass($1::text) AND a.attname = $2::text
		AND a.attnum > 0 AND NOT a.attisdropped
), sequence AS (
	SELECT s.*, s.seqrelid::regclass::text AS name, p.deptype, col.tab, col.col,
		format('AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
			format_type(seqtypid, NULL), seqstart, seqincrement, seqmin,
			seqmax, seqcache, CASE WHEN seqcycle THEN ' CYCLE' END) AS options
	FROM col
	JOIN pg_depend AS p
		ON p.refobjid = col.attrelid AND p.refobjsubid = col.attnum
		AND p.refclassid = 'pg_class'::regclass
		AND p.classid = 'pg_class'::regclass AND p.deptype IN ('a', 'i')
	JOIN pg_sequence AS s ON s.seqrelid = p.objid
), con AS (
	SELECT k.oid, k.conname, k.contype, k.conindid, col.tab
	FROM col
	JOIN pg_constraint AS k
		ON k.conrelid = col.attrelid AND col.attnum = ANY (k.conkey)
	WHERE k.contype IN ('p', 'u', 'x', 'c', 'f') AND k.conislocal
), idx AS (
	SELECT DISTINCT p.objid
	FROM col
	JOIN pg_depend AS p
		ON p.refobjid = col.attrelid AND p.refobjsubid = col.attnum
		AND p.refclassid = 'pg_class'::regclass
		AND p.classid = 'pg_class'::regclass
	JOIN pg_index AS i ON i.indexrelid = p.objid
	WHERE NOT EXISTS (SELECT 1 FROM con WHERE con.conindid = p.objid)
), made AS (
	SELECT attnotnull, concat(
		format_type(atttypid, atttypmod),
		CASE WHEN attcollation <> typcollation AND attcollation <> 0 THEN
			(SELECT format(' COLLATE %I.%I', n.nspname, o.collname)
			FROM pg_collation AS o
			JOIN pg_namespace AS n ON n.oid = o.collnamespace
			WHERE o.oid = attcollation) END,
		CASE attgenerated
			WHEN 's' THEN ' GENERATED ALWAYS AS (' || expression || ') STORED'
			WHEN 'v' THEN ' GENERATED ALWAYS AS (' || expression || ') VIRTUAL'
			ELSE ' DEFAULT ' || expression END,
		CASE WHEN attidentity <> '' THEN concat(' GENERATED ',
			CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
			' AS IDENTITY', (SELECT format(' (SEQUENCE NAME %s %s)', s.name,
				regexp_replace(s.options, '^AS \S+ ', ''))
			FROM sequence AS s WHERE s.deptype = 'i')) END) AS text
	FROM col
), facts (n, key, value) AS (
	SELECT 1, 'known', 'yes' FROM col
	UNION ALL
	SELECT 2, 'column.known', 'yes' FROM col
	UNION ALL
	SELECT 2, 'column.type', format_type(atttypid, atttypmod) FROM col
	UNION ALL
	SELECT 3, 'column.nullable', text FROM made
	UNION ALL
	SELECT 3, 'column.definition', concat(text,
		CASE WHEN attnotnull AND NOT EXISTS (
			SELECT 1 FROM con WHERE con.contype = 'p') THEN ' NOT NULL' END)
	FROM made
	UNION ALL
	SELECT 4, 'column.required', 'yes'
	FROM col
	WHERE attnotnull AND expression IS NULL AND attidentity = ''
	UNION ALL
	SELECT 4, 'column.not-null', 'yes' FROM col WHERE attnotnull
	UNION ALL
	SELECT 4, 'column.default', expression
	FROM col
	WHERE expression IS NOT NULL AND attgenerated = ''
	UNION ALL
	SELECT 5, 'blocked', 'the fact that the column is inherited'
	FROM col
	WHERE attinhcount > 0
	UNION ALL
	SELECT 5, 'blocked', coalesce(
		(SELECT 'view ' || r.ev_class::regclass FROM pg_rewrite AS r
		WHERE p.classid = 'pg_rewrite'::regclass AND r.oid = p.objid
		AND r.rulename = '_RETURN'),
		pg_describe_object(p.classid, p.objid, p.objsubid))
	FROM col
	JOIN pg_depend AS p
		ON p.refclassid = 'pg_class'::regclass
		AND p.refobjid = col.attrelid AND p.refobjsubid = col.attnum
	WHERE p.deptype = 'n' AND p.classid <> 'pg_attrdef'::regclass
		AND NOT (p.classid = 'pg_class'::regclass AND p.objid = col.attrelid)
		AND NOT EXISTS (SELECT 1 FROM con
			WHERE con.oid = p.objid
			AND p.classid = 'pg_constraint'::regclass)
	UNION ALL
	SELECT 5, 'blocked', format('column %I of table %s', a.attname, col.tab)
	FROM col
	JOIN pg_attrdef AS d ON d.adrelid = col.attrelid AND d.adnum <> col.attnum
	JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
	WHERE a.attgenerated <> '' AND EXISTS (
		SELECT 1 FROM pg_depend AS p
		WHERE p.refclassid = 'pg_class'::regclass
		AND p.refobjid = col.attrelid AND p.refobjsubid = col.attnum
		AND ((p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid)
		OR (p.classid = 'pg_class'::regclass AND p.objid = d.adrelid
			AND p.objsubid = d.adnum)))
	UNION ALL
	SELECT 5, 'blocked',
		pg_describe_object('pg_constraint'::regclass, f.oid, 0)
	FROM con
	JOIN pg_constraint AS f
		ON f.contype = 'f' AND f.conindid = con.conindid AND f.oid <> con.oid
	WHERE con.contype IN ('p', 'u')
	UNION ALL
	SELECT 6, 'before', format('CREATE SEQUENCE %s %s', name, options)
	FROM sequence
	WHERE deptype = 'a'
	UNION ALL
	SELECT 7, 'sequence', name
	FROM sequence
	WHERE deptype = 'a'
	UNION ALL
	SELECT 8, 'restore', format('ALTER TABLE %s ALTER COLUMN %s SET STATISTICS %s',
		tab, col, attstattarget)
	FROM col
	WHERE coalesce(attstattarget, -1) >= 0
	UNION ALL
	SELECT 8, 'restore', format('ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s',
		tab, col, CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
			WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
	FROM col
	WHERE attstorage <> typstorage
	UNION ALL
	SELECT CASE contype WHEN 'p' THEN 9 WHEN 'f' THEN 11 ELSE 10 END, 'restore',
		format('ALTER TABLE %s ADD CONSTRAINT %I %s', tab, conname,
			pg_get_constraintdef(oid))
	FROM con
	UNION ALL
	SELECT 12, 'restore', pg_get_indexdef(objid)
	FROM idx
	UNION ALL
	SELECT 13, 'restore', pg_get_statisticsobjdef(s.oid)
	FROM col
	JOIN pg_statistic_ext AS s
		ON s.stxrelid = col.attrelid AND col.attnum = ANY (s.stxkeys)
	UNION ALL
	SELECT 14, 'restore', format('COMMENT ON COLUMN %s.%s IS %L', tab, col,
		col_description(attrelid, attnum))
	FROM col
	WHERE col_description(attrelid, attnum) IS NOT NULL
	UNION ALL
	SELECT 14, 'restore', format('COMMENT ON CONSTRAINT %I ON %s IS %L', conname,
		tab, obj_description(oid, 'pg_constraint'))
	FROM con
	WHERE obj_description(oid, 'pg_constraint') IS NOT NULL
	UNION ALL
	SELECT 14, 'restore', format('COMMENT ON INDEX %s IS %L', objid::regclass,
		obj_description(objid, 'pg_class'))
	FROM idx
	WHERE obj_description(objid, 'pg_class') IS NOT NULL
	UNION ALL
	SELECT 15, 'restore', format('GRANT %s (%s) ON %s TO %s%s', g.privilege_type,
		col, tab, CASE g.grantee WHEN 0 THEN 'PUBLIC'
			ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
		CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
	FROM col, aclexplode(attacl) AS g
	UNION ALL
	-- what takes a thing of that name away, where there is one by now
	SELECT CASE contype WHEN 'f' THEN 16 WHEN 'p' THEN 18 ELSE 17 END, 'undo',
		format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', tab, conname)
	FROM con
	UNION ALL
	SELECT 19, 'undo', format('DROP INDEX IF EXISTS %s', objid::regclass)
	FROM idx
	UNION ALL
	SELECT 20, 'undo', format('DROP STATISTICS IF EXISTS %I.%I', n.nspname,
		s.stxname)
	FROM col
	JOIN pg_statistic_ext AS s
		ON s.stxrelid = col.attrelid AND col.attnum = ANY (s.stxkeys)
	JOIN pg_namespace AS n ON n.oid = s.stxnamespace
	UNION ALL
	-- and the column without what was set for it
	SELECT 21, 'reset', format('ALTER SEQUENCE %s AS %s', name,
		format_type(seqtypid, NULL))
	FROM sequence
	WHERE deptype = 'a'
	UNION ALL
	SELECT 21, 'reset', format('ALTER TABLE %s ALTER COLUMN %s SET STATISTICS -1',
		tab, col)
	FROM col
	WHERE coalesce(attstattarget, -1) >= 0
	UNION ALL
	SELECT 22, 'reset', format('COMMENT ON COLUMN %s.%s IS NULL', tab, col)
	FROM col
	WHERE col_description(attrelid, attnum) IS NOT NULL
	UNION ALL
	SELECT 23, 'reset', format('REVOKE %s (%s) ON %s FROM %s', g.privilege_type,
		col, tab, CASE g.grantee WHEN 0 THEN 'PUBLIC'
			ELSE quote_ident(pg_get_userbyid(g.grantee)) END)
	FROM col, aclexplode(attacl) AS g
)
SELECT key, value
FROM (SELECT DISTINCT n, key, value FROM facts) AS f
ORDER BY n, value COLLATE "C"
