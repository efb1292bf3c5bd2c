-- parameters: table
-- The statements that make a table as it is, but for its rows, and what else
-- is about it.
WITH rel AS (
	SELECT c.*, c.oid::regclass::text AS tab
	FROM pg_class AS c
	WHERE c.oid = to_regclass($1::text) AND c.relkind IN ('r', 'p', 'f')
), sequence AS (
	SELECT s.seqrelid::regclass::text AS name, p.deptype, p.refobjsubid,
		format('AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
			format_type(seqtypid, NULL), seqstart, seqincrement, seqmin,
			seqmax, seqcache, CASE WHEN seqcycle THEN ' CYCLE' END) AS options
	FROM rel
	JOIN pg_depend AS p
		ON p.refobjid = rel.oid AND p.refobjsubid > 0
		AND p.refclassid = 'pg_class'::regclass
		AND p.classid = 'pg_class'::regclass AND p.deptype IN ('a', 'i')
	JOIN pg_sequence AS s ON s.seqrelid = p.objid
), col AS (
	SELECT a.*, rel.tab, quote_ident(a.attname) AS col, t.typstorage,
		concat(quote_ident(a.attname), ' ', format_type(atttypid, atttypmod),
		CASE WHEN attcollation <> typcollation AND attcollation <> 0 THEN
			(SELECT format(' COLLATE %I.%I', n.nspname, o.collname)
			FROM pg_collation AS o
			JOIN pg_namespace AS n ON n.oid = o.collnamespace
			WHERE o.oid = attcollation) END,
		CASE attgenerated
			WHEN 's' THEN ' GENERATED ALWAYS AS ('
				|| pg_get_expr(d.adbin, d.adrelid) || ') STORED'
			WHEN 'v' THEN ' GENERATED ALWAYS AS ('
				|| pg_get_expr(d.adbin, d.adrelid) || ') VIRTUAL'
			ELSE ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END,
		CASE WHEN attidentity <> '' THEN concat(' GENERATED ',
			CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
			' AS IDENTITY', (SELECT format(' (SEQUENCE NAME %s %s)', s.name,
				regexp_replace(s.options, '^AS \S+ ', ''))
			FROM sequence AS s
			WHERE s.deptype = 'i' AND s.refobjsubid = a.attnum)) END,
		CASE WHEN attnotnull THEN ' NOT NULL' END) AS definition
	FROM rel
	JOIN pg_attribute AS a
		ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
	JOIN pg_type AS t ON t.oid = a.atttypid
	LEFT JOIN pg_attrdef AS d
		ON d.adrelid = a.attrelid AND d.adnum = a.attnum
), con AS (
	SELECT k.*, rel.tab
	FROM rel
	JOIN pg_constraint AS k ON k.conrelid = rel.oid
	WHERE k.contype IN ('p', 'u', 'x', 'c', 'f')
), idx AS (
	SELECT i.*, rel.tab, c.relname
	FROM rel
	JOIN pg_index AS i ON i.indrelid = rel.oid
	JOIN pg_class AS c ON c.oid = i.indexrelid
), inbound AS (
	SELECT k.*, k.conrelid::regclass::text AS child
	FROM rel
	JOIN pg_constraint AS k
		ON k.confrelid = rel.oid AND k.conrelid <> rel.oid
		AND k.contype = 'f' AND k.conparentid = 0
), trg AS (
	SELECT t.*, rel.tab
	FROM rel
	JOIN pg_trigger AS t ON t.tgrelid = rel.oid AND NOT t.tgisinternal
), grants AS (
	SELECT 0 AS attnum, rel.tab, '' AS col, g.*
	FROM rel, aclexplode(rel.relacl) AS g
	WHERE g.grantee <> rel.relowner
	UNION ALL
	SELECT col.attnum, col.tab, ' (' || col.col || ')', g.*
	FROM col, aclexplode(col.attacl) AS g
), facts (n, key, value, name) AS (
	SELECT 1, 'known', 'yes', '' FROM rel
	UNION ALL
	SELECT 2, 'beyond', 'is partitioned', '' FROM rel WHERE relkind = 'p'
	UNION ALL
	SELECT 2, 'beyond', 'is a foreign table', '' FROM rel WHERE relkind = 'f'
	UNION ALL
	SELECT 2, 'beyond', 'is made of a type', '' FROM rel WHERE reloftype <> 0
	UNION ALL
	SELECT 2, 'beyond', 'inherits or is inherited from', ''
	FROM rel
	WHERE EXISTS (SELECT 1 FROM pg_inherits AS i
		WHERE i.inhrelid = rel.oid OR i.inhparent = rel.oid)
	UNION ALL
	SELECT 2, 'beyond', 'is in publication ' || quote_ident(p.pubname), ''
	FROM rel
	JOIN pg_publication_rel AS r ON r.prrelid = rel.oid
	JOIN pg_publication AS p ON p.oid = r.prpubid
	UNION ALL
	SELECT DISTINCT 3, 'blocked', coalesce(
		(SELECT 'view ' || r.ev_class::regclass FROM pg_rewrite AS r
		WHERE p.classid = 'pg_rewrite'::regclass AND r.oid = p.objid
		AND r.rulename = '_RETURN'),
		pg_describe_object(p.classid, p.objid, p.objsubid)), ''
	FROM rel
	JOIN pg_depend AS p ON p.deptype = 'n'
		AND ((p.refclassid = 'pg_class'::regclass AND p.refobjid = rel.oid)
		OR (p.refclassid = 'pg_type'::regclass AND p.refobjid IN (
			SELECT t.oid FROM pg_type AS t
			WHERE rel.reltype IN (t.oid, t.typelem))))
	WHERE p.classid NOT IN ('pg_constraint'::regclass, 'pg_attrdef'::regclass)
		AND NOT (p.classid = 'pg_class'::regclass AND p.objid = rel.oid)
		AND NOT EXISTS (SELECT 1 FROM pg_trigger AS t
			WHERE p.classid = 'pg_trigger'::regclass
			AND t.oid = p.objid AND t.tgrelid = rel.oid)
		AND NOT EXISTS (SELECT 1 FROM pg_policy AS t
			WHERE p.classid = 'pg_policy'::regclass
			AND t.oid = p.objid AND t.polrelid = rel.oid)
		AND NOT EXISTS (SELECT 1 FROM pg_rewrite AS t
			WHERE p.classid = 'pg_rewrite'::regclass
			AND t.oid = p.objid AND t.ev_class = rel.oid)
	UNION ALL
	SELECT 4, 'first', format('ALTER TABLE %s DROP CONSTRAINT %I', child, conname),
		conname
	FROM inbound
	UNION ALL
	SELECT 5, 'definition', format('CREATE SEQUENCE %s %s', name, options), name
	FROM sequence
	WHERE deptype = 'a'
	UNION ALL
	SELECT 6, 'definition', concat('CREATE ',
		CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' END, 'TABLE ', tab,
		E' (\n    ', (SELECT string_agg(col.definition, E',\n    '
			ORDER BY col.attnum) FROM col), E'\n)',
		' WITH (' || array_to_string(reloptions, ', ') || ')',
		(SELECT ' TABLESPACE ' || quote_ident(s.spcname)
			FROM pg_tablespace AS s WHERE s.oid = reltablespace)), ''
	FROM rel
	UNION ALL
	SELECT 7, 'definition', format('ALTER TABLE %s OWNER TO %I', tab,
		pg_get_userbyid(relowner)), ''
	FROM rel
	WHERE pg_get_userbyid(relowner) <> current_user
	UNION ALL
	SELECT 8, 'definition', format('ALTER SEQUENCE %s OWNED BY %s.%s',
		sequence.name, col.tab, col.col), sequence.name
	FROM sequence
	JOIN col ON col.attnum = sequence.refobjsubid
	WHERE deptype = 'a'
	UNION ALL
	SELECT 9, 'definition', format(
		'ALTER TABLE %s ALTER COLUMN %s SET STATISTICS %s', tab, col,
		attstattarget), attname
	FROM col
	WHERE coalesce(attstattarget, -1) >= 0
	UNION ALL
	SELECT 9, 'definition', format('ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s',
		tab, col, CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
			WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END), attname
	FROM col
	WHERE attstorage <> typstorage
	UNION ALL
	SELECT CASE contype WHEN 'p' THEN 10 WHEN 'f' THEN 12 ELSE 11 END,
		'definition', format('ALTER TABLE %s ADD CONSTRAINT %I %s', tab,
		conname, pg_get_constraintdef(oid)), conname
	FROM con
	UNION ALL
	SELECT 13, 'definition', pg_get_indexdef(indexrelid), relname
	FROM idx
	WHERE NOT EXISTS (SELECT 1 FROM con
		WHERE con.conindid = idx.indexrelid AND con.contype <> 'f')
	UNION ALL
	SELECT 14, 'definition', format('ALTER TABLE %s CLUSTER ON %I', tab, relname),
		relname
	FROM idx
	WHERE indisclustered
	UNION ALL
	SELECT 14, 'definition', format('ALTER TABLE %s REPLICA IDENTITY %s', tab,
		CASE relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL' ELSE
			(SELECT 'USING INDEX ' || quote_ident(idx.relname) FROM idx
			WHERE idx.indisreplident) END), ''
	FROM rel
	WHERE relreplident <> 'd'
	UNION ALL
	SELECT 15, 'definition', pg_get_statisticsobjdef(s.oid), s.stxname
	FROM rel
	JOIN pg_statistic_ext AS s ON s.stxrelid = rel.oid
	UNION ALL
	SELECT 16, 'definition', pg_get_triggerdef(oid), tgname
	FROM trg
	UNION ALL
	SELECT 17, 'definition', format('ALTER TABLE %s %s TRIGGER %I', tab,
		CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
			ELSE 'ENABLE ALWAYS' END, tgname), tgname
	FROM trg
	WHERE tgenabled <> 'O'
	UNION ALL
	SELECT 18, 'definition', rtrim(pg_get_ruledef(r.oid), ';'), r.rulename
	FROM rel
	JOIN pg_rewrite AS r ON r.ev_class = rel.oid
	UNION ALL
	SELECT 19, 'definition', concat(format('CREATE POLICY %I ON %s AS %s FOR %s TO %s',
		p.polname, rel.tab,
		CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
		CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
			WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
		(SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC'
			ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
		FROM unnest(p.polroles) AS r)),
		' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
		' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
		p.polname
	FROM rel
	JOIN pg_policy AS p ON p.polrelid = rel.oid
	UNION ALL
	SELECT 20, 'definition', format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tab),
		''
	FROM rel
	WHERE relrowsecurity
	UNION ALL
	SELECT 20, 'definition', format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tab),
		''
	FROM rel
	WHERE relforcerowsecurity
	UNION ALL
	SELECT 21, 'definition', format('COMMENT ON TABLE %s IS %L', tab,
		obj_description(oid, 'pg_class')), ''
	FROM rel
	WHERE obj_description(oid, 'pg_class') IS NOT NULL
	UNION ALL
	SELECT 22, 'definition', format('COMMENT ON COLUMN %s.%s IS %L', tab, col,
		col_description(attrelid, attnum)), attname
	FROM col
	WHERE col_description(attrelid, attnum) IS NOT NULL
	UNION ALL
	SELECT 23, 'definition', format('COMMENT ON CONSTRAINT %I ON %s IS %L',
		conname, tab, obj_description(oid, 'pg_constraint')), conname
	FROM con
	WHERE obj_description(oid, 'pg_constraint') IS NOT NULL
	UNION ALL
	SELECT 23, 'definition', format('COMMENT ON INDEX %s IS %L',
		indexrelid::regclass, obj_description(indexrelid, 'pg_class')), relname
	FROM idx
	WHERE obj_description(indexrelid, 'pg_class') IS NOT NULL
	UNION ALL
	SELECT 23, 'definition', format('COMMENT ON TRIGGER %I ON %s IS %L',
		tgname, tab, obj_description(oid, 'pg_trigger')), tgname
	FROM trg
	WHERE obj_description(oid, 'pg_trigger') IS NOT NULL
	UNION ALL
	SELECT 24, 'definition', format('GRANT %s%s ON %s TO %s%s', privilege_type,
		col, tab, CASE grantee WHEN 0 THEN 'PUBLIC'
			ELSE quote_ident(pg_get_userbyid(grantee)) END,
		CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END),
		format('%s %s', attnum, privilege_type)
	FROM grants
	UNION ALL
	SELECT 25, 'after', format('ALTER TABLE %s ADD CONSTRAINT %I %s', child,
		conname, pg_get_constraintdef(oid)), conname
	FROM inbound
)
SELECT key, value
FROM facts
ORDER BY n, name COLLATE "C", value COLLATE "C"
