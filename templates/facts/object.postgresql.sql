-- parameters: kind name table raw:name raw:column args
-- The statements that make an object as it is, and its comment.
WITH p AS (
	SELECT $1::text AS kind, $2::text AS name, to_regclass($3::text) AS tab,
		$4::text AS raw, $5::text AS col, $6::text AS args
), rel AS (
	SELECT c.*, c.oid::regclass::text AS full_name, p.kind
	FROM p
	JOIN pg_class AS c ON c.oid = to_regclass(CASE WHEN p.kind = 'COLUMN'
		THEN $3::text ELSE p.name END)
	WHERE p.kind IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'INDEX',
		'COLUMN')
), fun AS (
	SELECT f.*
	FROM p
	JOIN pg_proc AS f ON f.oid = CASE
		WHEN p.args IS NULL THEN to_regproc(p.name)::oid
		ELSE to_regprocedure(p.name || p.args)::oid END
	WHERE p.kind IN ('FUNCTION', 'PROCEDURE')
), typ AS (
	SELECT t.*, format_type(t.oid, NULL) AS full_name
	FROM p
	JOIN pg_type AS t ON t.oid = to_regtype(p.name)
	WHERE p.kind IN ('TYPE', 'DOMAIN')
), con AS (
	SELECT k.*, p.tab::text AS full_name
	FROM p
	JOIN pg_constraint AS k ON k.conrelid = p.tab AND k.conname = p.raw
	WHERE p.kind = 'CONSTRAINT'
), trg AS (
	SELECT t.*, p.tab::text AS full_name
	FROM p
	JOIN pg_trigger AS t ON t.tgrelid = p.tab AND t.tgname = p.raw
	WHERE p.kind = 'TRIGGER'
), pol AS (
	SELECT t.*, p.tab::text AS full_name
	FROM p
	JOIN pg_policy AS t ON t.polrelid = p.tab AND t.polname = p.raw
	WHERE p.kind = 'POLICY'
), rul AS (
	SELECT r.*, p.tab::text AS full_name
	FROM p
	JOIN pg_rewrite AS r ON r.ev_class = p.tab AND r.rulename = p.raw
	WHERE p.kind = 'RULE'
), nsp AS (
	SELECT n.*
	FROM p
	JOIN pg_namespace AS n ON n.nspname = p.raw
	WHERE p.kind = 'SCHEMA'
), ext AS (
	SELECT e.*
	FROM p
	JOIN pg_extension AS e ON e.extname = p.raw
	WHERE p.kind = 'EXTENSION'
), found (class, oid, sub, what) AS (
	SELECT 'pg_class'::regclass, oid, 0, kind || ' ' || full_name
	FROM rel WHERE kind <> 'COLUMN'
	UNION ALL
	SELECT 'pg_class'::regclass, rel.oid, a.attnum,
		format('COLUMN %s.%I', full_name, a.attname)
	FROM rel
	JOIN p ON rel.kind = 'COLUMN'
	JOIN pg_attribute AS a ON a.attrelid = rel.oid AND a.attname = p.col
		AND NOT a.attisdropped
	UNION ALL
	SELECT 'pg_proc'::regclass, oid, 0,
		p.kind || ' ' || fun.oid::regprocedure::text
	FROM fun, p
	UNION ALL
	SELECT 'pg_type'::regclass, oid, 0, p.kind || ' ' || full_name FROM typ, p
	UNION ALL
	SELECT 'pg_constraint'::regclass, oid, 0,
		format('CONSTRAINT %I ON %s', conname, full_name)
	FROM con
	UNION ALL
	SELECT 'pg_trigger'::regclass, oid, 0,
		format('TRIGGER %I ON %s', tgname, full_name)
	FROM trg
	UNION ALL
	SELECT 'pg_policy'::regclass, oid, 0,
		format('POLICY %I ON %s', polname, full_name)
	FROM pol
	UNION ALL
	SELECT 'pg_rewrite'::regclass, oid, 0,
		format('RULE %I ON %s', rulename, full_name)
	FROM rul
	UNION ALL
	SELECT 'pg_namespace'::regclass, oid, 0, format('SCHEMA %I', nspname) FROM nsp
	UNION ALL
	SELECT 'pg_extension'::regclass, oid, 0, format('EXTENSION %I', extname)
	FROM ext
), grants AS (
	SELECT rel.full_name AS what, rel.relowner AS owner, g.*
	FROM rel, aclexplode(rel.relacl) AS g
	WHERE rel.kind IN ('VIEW', 'MATERIALIZED VIEW', 'TABLE')
	UNION ALL
	SELECT 'SEQUENCE ' || rel.full_name, rel.relowner, g.*
	FROM rel, aclexplode(rel.relacl) AS g
	WHERE rel.kind = 'SEQUENCE'
	UNION ALL
	SELECT p.kind || ' ' || fun.oid::regprocedure::text, fun.proowner, g.*
	FROM fun, p, aclexplode(fun.proacl) AS g
	WHERE g.grantee <> 0
	UNION ALL
	SELECT format('SCHEMA %I', nspname), nspowner, g.*
	FROM nsp, aclexplode(nsp.nspacl) AS g
), facts (n, key, value) AS (
	SELECT 1, 'known', 'yes' FROM found
	UNION ALL
	SELECT 2, 'definition', concat('CREATE VIEW ', full_name,
		' WITH (' || array_to_string(reloptions, ', ') || ')', ' AS',
		E'\n', rtrim(pg_get_viewdef(oid), ';'))
	FROM rel
	WHERE kind = 'VIEW' AND relkind = 'v'
	UNION ALL
	SELECT 2, 'definition', concat('CREATE MATERIALIZED VIEW ', full_name,
		' WITH (' || array_to_string(reloptions, ', ') || ')', ' AS',
		E'\n', rtrim(pg_get_viewdef(oid), ';'),
		CASE WHEN NOT relispopulated THEN E'\nWITH NO DATA' END)
	FROM rel
	WHERE kind = 'MATERIALIZED VIEW' AND relkind = 'm'
	UNION ALL
	SELECT 3, 'definition', pg_get_indexdef(i.indexrelid)
	FROM rel
	JOIN pg_index AS i ON i.indrelid = rel.oid
	WHERE kind = 'MATERIALIZED VIEW'
	UNION ALL
	SELECT 3, 'definition', pg_get_triggerdef(t.oid)
	FROM rel
	JOIN pg_trigger AS t ON t.tgrelid = rel.oid AND NOT t.tgisinternal
	WHERE kind = 'VIEW'
	UNION ALL
	SELECT 3, 'definition', rtrim(pg_get_ruledef(r.oid), ';')
	FROM rel
	JOIN pg_rewrite AS r ON r.ev_class = rel.oid AND r.rulename <> '_RETURN'
	WHERE kind = 'VIEW'
	UNION ALL
	SELECT 2, 'definition', format(
		'CREATE SEQUENCE %s AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
		full_name, format_type(seqtypid, NULL), seqstart, seqincrement, seqmin,
		seqmax, seqcache, CASE WHEN seqcycle THEN ' CYCLE' END)
	FROM rel
	JOIN pg_sequence AS s ON s.seqrelid = rel.oid
	WHERE kind = 'SEQUENCE'
	UNION ALL
	SELECT 3, 'definition', format('ALTER SEQUENCE %s OWNED BY %s.%I',
		full_name, d.refobjid::regclass, a.attname)
	FROM rel
	JOIN pg_depend AS d ON d.objid = rel.oid AND d.deptype = 'a'
		AND d.classid = 'pg_class'::regclass
		AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
	JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
	WHERE kind = 'SEQUENCE'
	UNION ALL
	SELECT 2, 'definition', pg_get_indexdef(oid)
	FROM rel
	WHERE kind = 'INDEX' AND relkind = 'i'
	UNION ALL
	SELECT 2, 'blocked', 'belongs to a constraint'
	FROM rel
	JOIN pg_constraint AS k ON k.conindid = rel.oid AND k.contype IN ('p', 'u', 'x')
	WHERE kind = 'INDEX'
	UNION ALL
	SELECT 2, 'definition', rtrim(pg_get_functiondef(oid), E'\n')
	FROM fun
	WHERE prokind IN ('f', 'p', 'w')
	UNION ALL
	SELECT 2, 'definition', format('CREATE TYPE %s AS ENUM (%s)', full_name,
		(SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
		FROM pg_enum WHERE enumtypid = typ.oid))
	FROM typ
	WHERE typtype = 'e'
	UNION ALL
	SELECT 2, 'definition', format('CREATE TYPE %s AS (%s)', full_name,
		(SELECT string_agg(format('%I %s', attname,
			format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
		FROM pg_attribute
		WHERE attrelid = typ.typrelid AND attnum > 0 AND NOT attisdropped))
	FROM typ
	WHERE typtype = 'c'
	UNION ALL
	SELECT 2, 'definition', concat('CREATE DOMAIN ', full_name, ' AS ',
		format_type(typbasetype, typtypmod), ' DEFAULT ' || typdefault,
		CASE WHEN typnotnull THEN ' NOT NULL' END,
		(SELECT string_agg(format(' CONSTRAINT %I %s', conname,
			pg_get_constraintdef(k.oid)), '' ORDER BY conname)
		FROM pg_constraint AS k
		WHERE k.contypid = typ.oid AND k.contype = 'c'))
	FROM typ
	WHERE typtype = 'd'
	UNION ALL
	SELECT 2, 'definition', format('ALTER TABLE %s ADD CONSTRAINT %I %s',
		full_name, conname, pg_get_constraintdef(oid))
	FROM con
	UNION ALL
	SELECT 4, 'after', format('ALTER TABLE %s ADD CONSTRAINT %I %s',
		f.conrelid::regclass, f.conname, pg_get_constraintdef(f.oid))
	FROM con
	JOIN pg_constraint AS f
		ON f.contype = 'f' AND f.conindid = con.conindid AND f.oid <> con.oid
	WHERE con.contype IN ('p', 'u')
	UNION ALL
	SELECT 2, 'definition', pg_get_triggerdef(oid) FROM trg
	UNION ALL
	SELECT 3, 'definition', format('ALTER TABLE %s %s TRIGGER %I', full_name,
		CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
			ELSE 'ENABLE ALWAYS' END, tgname)
	FROM trg
	WHERE tgenabled <> 'O'
	UNION ALL
	SELECT 2, 'definition', rtrim(pg_get_ruledef(oid), ';') FROM rul
	UNION ALL
	SELECT 2, 'definition', concat(format('CREATE POLICY %I ON %s AS %s FOR %s TO %s',
		polname, full_name,
		CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
		CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
			WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
		(SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC'
			ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
		FROM unnest(polroles) AS r)),
		' USING (' || pg_get_expr(polqual, polrelid) || ')',
		' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
	FROM pol
	UNION ALL
	SELECT 2, 'definition', format('CREATE SCHEMA %I', nspname) FROM nsp
	UNION ALL
	SELECT 2, 'definition', format('CREATE EXTENSION %I WITH SCHEMA %I VERSION %L',
		extname, n.nspname, extversion)
	FROM ext
	JOIN pg_namespace AS n ON n.oid = ext.extnamespace
	UNION ALL
	SELECT 5, 'definition', format('ALTER %s OWNER TO %I', found.what,
		pg_get_userbyid(o.owner))
	FROM found
	JOIN (SELECT oid, relowner AS owner FROM rel WHERE kind <> 'INDEX'
		UNION ALL SELECT oid, proowner FROM fun
		UNION ALL SELECT oid, typowner FROM typ
		UNION ALL SELECT oid, nspowner FROM nsp) AS o ON o.oid = found.oid
	WHERE found.sub = 0 AND pg_get_userbyid(o.owner) <> current_user
	UNION ALL
	SELECT 6, 'definition', format('COMMENT ON %s IS %L', found.what, d.description)
	FROM found
	JOIN pg_description AS d ON d.objoid = found.oid AND d.classoid = found.class
		AND d.objsubid = found.sub
	UNION ALL
	SELECT 7, 'definition', format('GRANT %s ON %s TO %s%s', privilege_type, what,
		CASE grantee WHEN 0 THEN 'PUBLIC'
			ELSE quote_ident(pg_get_userbyid(grantee)) END,
		CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
	FROM grants
	WHERE grantee <> owner
	UNION ALL
	SELECT 8, 'comment', quote_literal(d.description)
	FROM found
	JOIN pg_description AS d ON d.objoid = found.oid AND d.classoid = found.class
		AND d.objsubid = found.sub
	UNION ALL
	SELECT 9, 'privilege', format('GRANT %s ON %s TO %s%s', privilege_type, what,
		CASE grantee WHEN 0 THEN 'PUBLIC'
			ELSE quote_ident(pg_get_userbyid(grantee)) END,
		CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
	FROM grants
	WHERE grantee <> owner
)
SELECT key, value
FROM facts
ORDER BY n, value COLLATE "C"
