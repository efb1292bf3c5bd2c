-- functions and procedures
SELECT CASE {{110000 p.prokind }{ 'f'}} WHEN 'p' THEN 'procedure'
	ELSE 'function' END,
       concat(nullif(n.nspname || '.', 'public.'), p.proname, '(',
	      pg_get_function_identity_arguments(p.oid), ')'),
       pg_get_functiondef(p.oid),
       0
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384
  AND {{110000 p.prokind <> 'a' }{ NOT p.proisagg}}
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass
		  AND e.objid = p.oid AND e.deptype IN ('e', 'i'));

-- aggregates
SELECT 'aggregate',
       concat(nullif(n.nspname || '.', 'public.'), p.proname, '(',
	      pg_get_function_identity_arguments(p.oid), ')'),
       concat_ws(' ',
	'kind "' || a.aggkind::text || '"',
	'direct ' || nullif(a.aggnumdirectargs, 0),
	'sfunc ' || a.aggtransfn,
	'stype ' || format_type(a.aggtranstype, NULL),
	'sspace ' || nullif(a.aggtransspace, 0),
	'initcond ' || quote_literal(a.agginitval),
	'finalfunc ' || nullif(a.aggfinalfn::oid, 0)::regproc,
	CASE WHEN a.aggfinalextra THEN 'finalfunc_extra' END,
	'combinefunc ' || nullif(a.aggcombinefn::oid, 0)::regproc,
	'serialfunc ' || nullif(a.aggserialfn::oid, 0)::regproc,
	'deserialfunc ' || nullif(a.aggdeserialfn::oid, 0)::regproc,
	'msfunc ' || nullif(a.aggmtransfn::oid, 0)::regproc,
	'minvfunc ' || nullif(a.aggminvtransfn::oid, 0)::regproc,
	'mstype ' || format_type(nullif(a.aggmtranstype, 0), NULL),
	'minitcond ' || quote_literal(a.aggminitval),
	'mfinalfunc ' || nullif(a.aggmfinalfn::oid, 0)::regproc,
	'sortop ' || nullif(a.aggsortop, 0)::regoper,
	'parallel "' || p.proparallel::text || '"'),
       0
FROM pg_aggregate a
JOIN pg_proc p ON p.oid = a.aggfnoid
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass
		  AND e.objid = p.oid AND e.deptype = 'e');

-- languages
SELECT 'language', l.lanname,
       concat_ws(' ', CASE WHEN l.lanpltrusted THEN 'trusted' END,
		 'handler ' || nullif(l.lanplcallfoid, 0)::regproc,
		 'inline ' || nullif(l.laninline, 0)::regproc,
		 'validator ' || nullif(l.lanvalidator, 0)::regproc),
       0
FROM pg_language l
WHERE l.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_language'::regclass
		    AND e.objid = l.oid AND e.deptype = 'e');

-- event triggers
SELECT 'event trigger', t.evtname,
       concat_ws(' ', 'on', t.evtevent, 'execute ' || t.evtfoid::regproc,
		 'for ' || array_to_string(t.evttags, ', '),
		 'enabled "' || nullif(t.evtenabled, 'O')::text || '"'),
       0
FROM pg_event_trigger t
WHERE NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_event_trigger'::regclass
		    AND e.objid = t.oid AND e.deptype = 'e');

-- casts
SELECT 'cast',
       concat(format_type(c.castsource, NULL), ' as ',
	      format_type(c.casttarget, NULL)),
       concat_ws(' ', 'method "' || c.castmethod::text || '"',
		 'function ' || nullif(c.castfunc, 0)::regprocedure,
		 'context "' || c.castcontext::text || '"'),
       0
FROM pg_cast c
WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_cast'::regclass
		  AND e.objid = c.oid AND e.deptype = 'e');

-- operators
SELECT 'operator',
       concat(nullif(n.nspname || '.', 'public.'), o.oprname, '(',
	      CASE o.oprleft WHEN 0 THEN 'none'
	       ELSE format_type(o.oprleft, NULL) END, ', ',
	      CASE o.oprright WHEN 0 THEN 'none'
	       ELSE format_type(o.oprright, NULL) END, ')'),
       concat_ws(' ', 'function ' || nullif(o.oprcode::oid, 0)::regprocedure,
		 'commutator ' || nullif(o.oprcom, 0)::regoperator,
		 'negator ' || nullif(o.oprnegate, 0)::regoperator,
		 'restrict ' || nullif(o.oprrest::oid, 0)::regproc,
		 'join ' || nullif(o.oprjoin::oid, 0)::regproc,
		 CASE WHEN o.oprcanmerge THEN 'merges' END,
		 CASE WHEN o.oprcanhash THEN 'hashes' END),
       0
FROM pg_operator o
JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_operator'::regclass
		    AND e.objid = o.oid AND e.deptype = 'e');

-- operator classes
SELECT 'operator class',
       concat(nullif(n.nspname || '.', 'public.'), c.opcname, ' using ',
	      m.amname),
       concat_ws(' ', 'for ' || format_type(c.opcintype, NULL),
		 CASE WHEN c.opcdefault THEN 'default' END,
		 'family ' || quote_ident(f.opfname),
		 'storage ' || format_type(nullif(c.opckeytype, 0), NULL)),
       0
FROM pg_opclass c
JOIN pg_am m ON m.oid = c.opcmethod
JOIN pg_opfamily f ON f.oid = c.opcfamily
JOIN pg_namespace n ON n.oid = c.opcnamespace
WHERE c.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_opclass'::regclass
		    AND e.objid = c.oid AND e.deptype = 'e');

-- operator families and what is in them
SELECT 'operator family',
       concat(nullif(n.nspname || '.', 'public.'), f.opfname, ' using ',
	      m.amname),
       concat_ws(', ',
	(SELECT string_agg(concat_ws(' ', 'operator', o.amopstrategy,
				     o.amopopr::regoperator,
				     'order by ' || nullif(o.amopsortfamily, 0)),
			   ', ' ORDER BY o.amopstrategy,
				o.amopopr::regoperator::text COLLATE "C")
	 FROM pg_amop o WHERE o.amopfamily = f.oid),
	(SELECT string_agg(concat_ws(' ', 'function', p.amprocnum,
				     p.amproc::regprocedure),
			   ', ' ORDER BY p.amprocnum,
				p.amproc::regprocedure::text COLLATE "C")
	 FROM pg_amproc p WHERE p.amprocfamily = f.oid)),
       0
FROM pg_opfamily f
JOIN pg_am m ON m.oid = f.opfmethod
JOIN pg_namespace n ON n.oid = f.opfnamespace
WHERE f.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e
		  WHERE e.classid = 'pg_opfamily'::regclass
		    AND e.objid = f.oid AND e.deptype = 'e');
