-- schemas
SELECT 'schema', n.nspname, 'schema', 0
FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_namespace'::regclass
		    AND e.objid = n.oid AND e.deptype = 'e');

-- extensions
SELECT 'extension', x.extname,
       concat('version ', x.extversion, ' schema ', n.nspname), 0
FROM pg_extension x
JOIN pg_namespace n ON n.oid = x.extnamespace;

-- access methods
SELECT 'access method', a.amname,
       concat('type "', a.amtype, '" handler ', a.amhandler), 0
FROM pg_am a
WHERE a.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_am'::regclass
		  AND e.objid = a.oid AND e.deptype = 'e');

-- transforms
SELECT 'transform',
       concat(format_type(t.trftype, NULL), ' for ', l.lanname),
       concat_ws(' ', 'from ' || nullif(t.trffromsql::oid, 0)::regprocedure,
		 'to ' || nullif(t.trftosql::oid, 0)::regprocedure),
       0
FROM pg_transform t
JOIN pg_language l ON l.oid = t.trflang
WHERE t.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_transform'::regclass
		    AND e.objid = t.oid AND e.deptype = 'e');

-- publications
SELECT 'publication', p.pubname,
       concat_ws(' ',
	CASE WHEN p.puballtables THEN 'all tables' END,
	(SELECT 'tables ' || string_agg(concat_ws(' ', r.prrelid::regclass,
		{{150000 (SELECT '(' || string_agg(quote_ident(a.attname), ', '
						   ORDER BY a.attnum) || ')'
			  FROM pg_attribute a
			  WHERE a.attrelid = r.prrelid
			    AND a.attnum = ANY (r.prattrs)),
			 'where ' || pg_get_expr(r.prqual, r.prrelid)
		}{ NULL}}), ', '
		ORDER BY r.prrelid::regclass::text COLLATE "C")
	 FROM pg_publication_rel r WHERE r.prpubid = p.oid),
	{{150000 (SELECT 'schemas ' || string_agg(s.nspname, ', '
						   ORDER BY s.nspname)
		  FROM pg_publication_namespace m
		  JOIN pg_namespace s ON s.oid = m.pnnspid
		  WHERE m.pnpubid = p.oid) }{ NULL}},
	CASE WHEN p.pubinsert THEN 'insert' END,
	CASE WHEN p.pubupdate THEN 'update' END,
	CASE WHEN p.pubdelete THEN 'delete' END,
	CASE WHEN {{110000 p.pubtruncate }{ true}} THEN 'truncate' END,
	CASE WHEN {{130000 p.pubviaroot }{ false}} THEN 'via root' END),
       0
FROM pg_publication p;

-- foreign data
SELECT 'foreign data wrapper', w.fdwname,
       concat_ws(' ', 'handler ' || nullif(w.fdwhandler, 0)::regproc,
		 'validator ' || nullif(w.fdwvalidator, 0)::regproc,
		 'options (' || (SELECT string_agg(o, ', '
						    ORDER BY o COLLATE "C")
				 FROM unnest(w.fdwoptions) o) || ')'),
       0
FROM pg_foreign_data_wrapper w
WHERE NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_foreign_data_wrapper'::regclass
		    AND e.objid = w.oid AND e.deptype = 'e');

SELECT 'server', s.srvname,
       concat_ws(' ', 'of ' || w.fdwname, 'type ' || quote_literal(s.srvtype),
		 'version ' || quote_literal(s.srvversion),
		 'options (' || (SELECT string_agg(o, ', '
						    ORDER BY o COLLATE "C")
				 FROM unnest(s.srvoptions) o) || ')'),
       0
FROM pg_foreign_server s
JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
WHERE NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_foreign_server'::regclass
		    AND e.objid = s.oid AND e.deptype = 'e');

-- their options hold passwords: only which there are
SELECT 'user mapping', concat(u.usename, ' on ', u.srvname),
       concat('options (', (SELECT string_agg(split_part(o, '=', 1), ', '
					      ORDER BY o COLLATE "C")
			    FROM unnest(u.umoptions) o), ')'),
       0
FROM pg_user_mappings u;

-- settings of the database
SELECT 'setting',
       concat(CASE s.setrole WHEN 0 THEN 'all'
	       ELSE pg_get_userbyid(s.setrole) END, '.', split_part(v, '=', 1)),
       substr(v, strpos(v, '=') + 1),
       0
FROM pg_db_role_setting s, unnest(s.setconfig) v
WHERE s.setdatabase = (SELECT d.oid FROM pg_database d
		       WHERE d.datname = current_database());

-- comments
SELECT 'comment',
       concat(i.type, ' ', regexp_replace(i.identity, '^public\.', '')),
       d.description, 0
FROM pg_description d,
     LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
WHERE (d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass)
  AND coalesce(i.schema, i.name, '') !~ '^(pg_|information_schema$)'
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classoid
		  AND e.objid = d.objoid AND e.deptype = 'e');
