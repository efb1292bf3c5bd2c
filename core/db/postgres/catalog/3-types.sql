-- enumerations, domains, ranges, base types; arrays and row types come along
-- with what they are of
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END,
       concat(nullif(n.nspname || '.', 'public.'), t.typname),
       CASE t.typtype
       WHEN 'e' THEN concat('enum (', (
		SELECT string_agg(quote_literal(l.enumlabel), ', '
				  ORDER BY l.enumsortorder)
		FROM pg_enum l WHERE l.enumtypid = t.oid), ')')
       WHEN 'd' THEN concat_ws(' ',
		format_type(t.typbasetype, t.typtypmod),
		CASE WHEN t.typcollation <> b.typcollation THEN (
			SELECT 'collate ' || concat(
				nullif(cn.nspname || '.', 'pg_catalog.'),
				quote_ident(co.collname))
			FROM pg_collation co
			JOIN pg_namespace cn ON cn.oid = co.collnamespace
			WHERE co.oid = t.typcollation) END,
		CASE WHEN t.typnotnull THEN 'not null' END,
		'default ' || coalesce(pg_get_expr(t.typdefaultbin, 0),
				       quote_literal(t.typdefault)))
       WHEN 'r' THEN (
		SELECT concat_ws(' ', 'range of',
			format_type(r.rngsubtype, NULL),
			(SELECT 'opclass ' || quote_ident(o.opcname)
			 FROM pg_opclass o WHERE o.oid = r.rngsubopc),
			(SELECT 'collate ' || quote_ident(co.collname)
			 FROM pg_collation co WHERE co.oid = r.rngcollation),
			'canonical ' || nullif(r.rngcanonical::oid, 0)::regproc,
			'difference ' || nullif(r.rngsubdiff::oid, 0)::regproc,
			{{140000 'multirange ' || format_type(r.rngmultitypid,
							      NULL) }{ NULL}})
		FROM pg_range r WHERE r.rngtypid = t.oid)
       ELSE CASE WHEN t.typisdefined THEN concat_ws(' ',
		'input', t.typinput, 'output', t.typoutput,
		'receive ' || nullif(t.typreceive::oid, 0)::regproc,
		'send ' || nullif(t.typsend::oid, 0)::regproc,
		'length', t.typlen, 'by value', t.typbyval,
		'alignment', t.typalign, 'storage', t.typstorage,
		'category', t.typcategory, 'preferred', t.typispreferred,
		'delimiter', quote_literal(t.typdelim::text),
		'element ' || format_type(nullif(t.typelem, 0), NULL),
		'default ' || quote_literal(t.typdefault))
	    ELSE 'shell' END
       END,
       0
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE t.oid >= 16384
  AND t.typtype IN ('b', 'd', 'e', 'p', 'r')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_type m WHERE m.oid = t.typelem
		  AND m.typarray = t.oid)
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass
		  AND e.objid = t.oid AND e.deptype = 'e');

-- composite types
SELECT 'type',
       concat(nullif(n.nspname || '.', 'public.'), c.relname),
       concat('(', (SELECT string_agg(
			concat_ws(' ', quote_ident(a.attname),
				  format_type(a.atttypid, a.atttypmod),
				  CASE WHEN a.attcollation <> t.typcollation
				   THEN (SELECT 'collate '
						|| quote_ident(co.collname)
					 FROM pg_collation co
					 WHERE co.oid = a.attcollation) END),
			', ' ORDER BY a.attnum)
		    FROM pg_attribute a
		    JOIN pg_type t ON t.oid = a.atttypid
		    WHERE a.attrelid = c.oid AND a.attnum > 0
		      AND NOT a.attisdropped), ')'),
       0
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'c' AND c.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass
		  AND e.objid = c.reltype AND e.deptype = 'e');

-- constraints of domains
SELECT 'constraint',
       concat(nullif(n.nspname || '.', 'public.'), t.typname, '.', o.conname),
       pg_get_constraintdef(o.oid),
       0
FROM pg_constraint o
JOIN pg_type t ON t.oid = o.contypid
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE o.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass
		  AND e.objid = t.oid AND e.deptype = 'e');

-- collations
SELECT 'collation',
       concat(nullif(n.nspname || '.', 'public.'), c.collname),
       concat_ws(' ', 'provider "' || c.collprovider::text || '"',
		 'encoding ' || c.collencoding,
		 'collate ' || c.collcollate, 'ctype ' || c.collctype,
		 'locale ' || {{170000 c.colllocale }{ {{150000 c.colliculocale }{ NULL::text}}}},
		 CASE WHEN NOT {{120000 c.collisdeterministic }{ true}}
		  THEN 'not deterministic' END,
		 'rules ' || {{160000 c.collicurules }{ NULL::text}}),
       0
FROM pg_collation c
JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_collation'::regclass
		    AND e.objid = c.oid AND e.deptype = 'e');

-- conversions
SELECT 'conversion',
       concat(nullif(n.nspname || '.', 'public.'), c.conname),
       concat_ws(' ', pg_encoding_to_char(c.conforencoding), 'to',
		 pg_encoding_to_char(c.contoencoding), 'by', c.conproc,
		 CASE WHEN c.condefault THEN 'default' END),
       0
FROM pg_conversion c
JOIN pg_namespace n ON n.oid = c.connamespace
WHERE c.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_conversion'::regclass
		    AND e.objid = c.oid AND e.deptype = 'e');

-- text search
SELECT 'text search configuration',
       concat(nullif(n.nspname || '.', 'public.'), c.cfgname),
       concat_ws(' ', 'parser', p.prsname, (
		SELECT string_agg(m.maptokentype || ': '
				  || m.mapdict::regdictionary, ', '
				  ORDER BY m.maptokentype, m.mapseqno)
		FROM pg_ts_config_map m WHERE m.mapcfg = c.oid)),
       0
FROM pg_ts_config c
JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace n ON n.oid = c.cfgnamespace
WHERE c.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_ts_config'::regclass
		    AND e.objid = c.oid AND e.deptype = 'e');

SELECT 'text search dictionary',
       concat(nullif(n.nspname || '.', 'public.'), d.dictname),
       concat_ws(' ', 'template', t.tmplname, d.dictinitoption),
       0
FROM pg_ts_dict d
JOIN pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_namespace n ON n.oid = d.dictnamespace
WHERE d.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_ts_dict'::regclass
		    AND e.objid = d.oid AND e.deptype = 'e');

SELECT 'text search parser',
       concat(nullif(n.nspname || '.', 'public.'), p.prsname),
       concat_ws(' ', p.prsstart, p.prstoken, p.prsend, p.prsheadline,
		 p.prslextype),
       0
FROM pg_ts_parser p
JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE p.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_ts_parser'::regclass
		    AND e.objid = p.oid AND e.deptype = 'e');

SELECT 'text search template',
       concat(nullif(n.nspname || '.', 'public.'), t.tmplname),
       concat_ws(' ', t.tmplinit, t.tmpllexize),
       0
FROM pg_ts_template t
JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE t.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_ts_template'::regclass
		    AND e.objid = t.oid AND e.deptype = 'e');
