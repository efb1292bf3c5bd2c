-- owners, where that is not whoever looks
SELECT 'owner', concat(o.kind, ' ', nullif(o.schema || '.', 'public.'), o.name),
       pg_get_userbyid(o.owner), 0
FROM (
	SELECT CASE c.relkind WHEN 'v' THEN 'view'
		WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
		WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
	       n.nspname::text AS schema, c.relname::text AS name,
	       c.relowner AS owner, 'pg_class'::regclass AS classid, c.oid
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
	  AND c.relname !~
	'^git_migrat(ions|e_(runs|meta|progress|backups))$'
	UNION ALL
	SELECT 'function', n.nspname, concat(p.proname, '(',
		pg_get_function_identity_arguments(p.oid), ')'), p.proowner,
	       'pg_proc'::regclass, p.oid
	FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE p.oid >= 16384
	UNION ALL
	SELECT 'type', n.nspname, t.typname, t.typowner, 'pg_type'::regclass,
	       t.oid
	FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
	WHERE t.typtype IN ('d', 'e', 'r')
	   OR t.typtype = 'c' AND EXISTS (
		SELECT FROM pg_class c
		WHERE c.oid = t.typrelid AND c.relkind = 'c')
	UNION ALL
	SELECT 'schema', 'public', n.nspname, n.nspowner,
	       'pg_namespace'::regclass, n.oid
	FROM pg_namespace n
	WHERE n.oid >= 16384 OR n.nspname = 'public'
	UNION ALL
	SELECT 'server', 'public', s.srvname, s.srvowner,
	       'pg_foreign_server'::regclass, s.oid
	FROM pg_foreign_server s
	UNION ALL
	SELECT 'publication', 'public', p.pubname, p.pubowner,
	       'pg_publication'::regclass, p.oid
	FROM pg_publication p
	UNION ALL
	SELECT 'foreign data wrapper', 'public', w.fdwname, w.fdwowner,
	       'pg_foreign_data_wrapper'::regclass, w.oid
	FROM pg_foreign_data_wrapper w
	UNION ALL
	SELECT 'operator', n.nspname, concat(p.oprname, '(',
		CASE p.oprleft WHEN 0 THEN 'none'
		 ELSE format_type(p.oprleft, NULL) END, ', ',
		CASE p.oprright WHEN 0 THEN 'none'
		 ELSE format_type(p.oprright, NULL) END, ')'), p.oprowner,
	       'pg_operator'::regclass, p.oid
	FROM pg_operator p JOIN pg_namespace n ON n.oid = p.oprnamespace
	WHERE p.oid >= 16384
	UNION ALL
	SELECT 'operator class', n.nspname,
	       concat(c.opcname, ' using ', m.amname), c.opcowner,
	       'pg_opclass'::regclass, c.oid
	FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace
	JOIN pg_am m ON m.oid = c.opcmethod
	WHERE c.oid >= 16384
	UNION ALL
	SELECT 'operator family', n.nspname,
	       concat(f.opfname, ' using ', m.amname), f.opfowner,
	       'pg_opfamily'::regclass, f.oid
	FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace
	JOIN pg_am m ON m.oid = f.opfmethod
	WHERE f.oid >= 16384
	UNION ALL
	SELECT 'collation', n.nspname, c.collname, c.collowner,
	       'pg_collation'::regclass, c.oid
	FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
	WHERE c.oid >= 16384
	UNION ALL
	SELECT 'conversion', n.nspname, c.conname, c.conowner,
	       'pg_conversion'::regclass, c.oid
	FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace
	WHERE c.oid >= 16384
	UNION ALL
	SELECT 'statistics', n.nspname, s.stxname, s.stxowner,
	       'pg_statistic_ext'::regclass, s.oid
	FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
	UNION ALL
	SELECT 'text search configuration', n.nspname, c.cfgname, c.cfgowner,
	       'pg_ts_config'::regclass, c.oid
	FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
	WHERE c.oid >= 16384
	UNION ALL
	SELECT 'text search dictionary', n.nspname, d.dictname, d.dictowner,
	       'pg_ts_dict'::regclass, d.oid
	FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
	WHERE d.oid >= 16384
) o
WHERE o.owner <> (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user)
  AND (o.oid >= 16384 OR o.kind = 'schema')
  AND o.schema !~ '^pg_' AND o.schema <> 'information_schema'
  AND o.name !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.classid
		  AND e.objid = o.oid AND e.deptype = 'e');

-- privileges, where they are not those that the object was made with
SELECT 'privileges',
       concat(o.kind, ' ', nullif(o.schema || '.', 'public.'), o.name),
       coalesce(l.list, 'none'), 0
FROM (
	SELECT CASE c.relkind WHEN 'v' THEN 'view'
		WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
		WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
	       n.nspname::text AS schema, c.relname::text AS name,
	       c.relacl AS acl,
	       acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
			  c.relowner) AS standard,
	       'pg_class'::regclass AS classid, c.oid
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relacl IS NOT NULL AND c.oid >= 16384
	  AND c.relname !~
	'^git_migrat(ions|e_(runs|meta|progress|backups))$'
	UNION ALL
	SELECT 'column', n.nspname, concat(c.relname, '.', a.attname), a.attacl,
	       acldefault('c', c.relowner), 'pg_class'::regclass, c.oid
	FROM pg_attribute a
	JOIN pg_class c ON c.oid = a.attrelid
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE a.attacl IS NOT NULL AND c.oid >= 16384 AND NOT a.attisdropped
	  AND c.relname !~
	'^git_migrat(ions|e_(runs|meta|progress|backups))$'
	UNION ALL
	SELECT 'function', n.nspname, concat(p.proname, '(',
		pg_get_function_identity_arguments(p.oid), ')'), p.proacl,
	       acldefault('f', p.proowner), 'pg_proc'::regclass, p.oid
	FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE p.proacl IS NOT NULL AND p.oid >= 16384
	UNION ALL
	SELECT 'type', n.nspname, t.typname, t.typacl,
	       acldefault('T', t.typowner), 'pg_type'::regclass, t.oid
	FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
	WHERE t.typacl IS NOT NULL AND t.oid >= 16384
	UNION ALL
	SELECT 'schema', 'public', n.nspname, n.nspacl,
	       acldefault('n', n.nspowner), 'pg_namespace'::regclass, n.oid
	FROM pg_namespace n
	WHERE n.nspacl IS NOT NULL AND (n.oid >= 16384 OR n.nspname = 'public')
	UNION ALL
	SELECT 'language', 'public', l.lanname, l.lanacl,
	       acldefault('l', l.lanowner), 'pg_language'::regclass, l.oid
	FROM pg_language l
	WHERE l.lanacl IS NOT NULL AND l.oid >= 16384
	UNION ALL
	SELECT 'foreign data wrapper', 'public', w.fdwname, w.fdwacl,
	       acldefault('F', w.fdwowner),
	       'pg_foreign_data_wrapper'::regclass, w.oid
	FROM pg_foreign_data_wrapper w
	WHERE w.fdwacl IS NOT NULL
	UNION ALL
	SELECT 'server', 'public', s.srvname, s.srvacl,
	       acldefault('S', s.srvowner), 'pg_foreign_server'::regclass, s.oid
	FROM pg_foreign_server s
	WHERE s.srvacl IS NOT NULL
) o,
LATERAL (
	SELECT (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C")
		FROM unnest(o.acl) x) AS list,
	       (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C")
		FROM unnest(o.standard) x) AS standard
) l
WHERE l.list IS DISTINCT FROM l.standard
  AND o.schema !~ '^pg_' AND o.schema <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.classid
		  AND e.objid = o.oid AND e.deptype = 'e');

-- default privileges
SELECT 'default privileges',
       concat_ws(' ', 'of', pg_get_userbyid(d.defaclrole),
		 'in ' || n.nspname, 'on "' || d.defaclobjtype::text || '"'),
       coalesce((SELECT string_agg(x::text, ', '
				   ORDER BY x::text COLLATE "C")
		 FROM unnest(d.defaclacl) x), 'none'),
       0
FROM pg_default_acl d
LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace;
