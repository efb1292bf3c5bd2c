-- Which transactions hold locks that are in the way. $1 are names as they are
-- quoted, $2 the same with the dot taken literally, $3 the modes that keep out
-- what is asked for ('/ShareLock/ExclusiveLock/'), $4 on what else it is asked:
-- 1 partitions and children, 2 what foreign keys tie, 4 the default partition.
-- The strongest lock of each transaction, and whether an autovacuum holds it,
-- which goes away when it is asked to.
WITH RECURSIVE named AS (
	SELECT r.oid, r.modes, r.reach
	FROM (
		SELECT coalesce(pg_catalog.to_regclass(a.name),
				pg_catalog.to_regclass(a.whole))::pg_catalog.oid
		       AS oid, a.modes, a.reach
		FROM ROWS FROM (pg_catalog.unnest($1::text[]),
				pg_catalog.unnest($2::text[]),
				pg_catalog.unnest($3::text[]),
				pg_catalog.unnest($4::integer[]))
		     AS a (name, whole, modes, reach)
	) r
	WHERE r.oid IS NOT NULL
), tree AS (
	SELECT oid, modes, reach FROM named
	UNION
	SELECT i.inhrelid, t.modes, t.reach
	FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
	WHERE t.reach & 1 <> 0
), asked AS (
	SELECT oid, modes FROM tree
	UNION
	SELECT i.indrelid, n.modes
	FROM named n JOIN pg_catalog.pg_index i ON i.indexrelid = n.oid
	UNION
	SELECT CASE c.conrelid WHEN t.oid THEN c.confrelid ELSE c.conrelid END,
	       t.modes
	FROM tree t JOIN pg_catalog.pg_constraint c
	  ON c.contype = 'f' AND t.oid IN (c.conrelid, c.confrelid)
	WHERE t.reach & 2 <> 0
	UNION
	SELECT p.partdefid, n.modes
	FROM named n JOIN pg_catalog.pg_partitioned_table p
	  ON p.partrelid = n.oid
	WHERE n.reach & 4 <> 0 AND p.partdefid <> 0
)
SELECT * FROM (
	SELECT DISTINCT ON (l.virtualtransaction)
	       l.pid, l.virtualtransaction,
	       coalesce(s.usename, x.owner),
	       s.application_name,
	       pg_catalog.round((extract(epoch FROM
		pg_catalog.clock_timestamp()
		- coalesce(s.xact_start, x.prepared)) * 1000)::numeric, 3)
	       AS age,
	       coalesce(s.state, CASE WHEN l.pid IS NULL
		THEN 'prepared transaction '
		     || pg_catalog.quote_literal(x.gid)
		ELSE s.backend_type END),
	       pg_catalog.left(s.query, 200),
	       CASE WHEN n.nspname = 'public' THEN c.relname
		    ELSE n.nspname || '.' || c.relname END,
	       l.mode,
	       s.backend_type = 'autovacuum worker'
	       AND s.query NOT LIKE '%(to prevent wraparound)%',
	       CASE WHEN l.pid IS NULL
		THEN 'ROLLBACK PREPARED ' || pg_catalog.quote_literal(x.gid)
		ELSE CASE WHEN (SELECT r.rolsuper FROM pg_catalog.pg_roles r
				WHERE r.rolname = current_user)
			    OR pg_catalog.pg_has_role(s.usesysid, 'USAGE')
			    OR (pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')
				AND NOT (SELECT r.rolsuper
					 FROM pg_catalog.pg_roles r
					 WHERE r.oid = s.usesysid))
		     THEN '' ELSE 'ask ' || coalesce(s.usename || ' or ', '')
			|| 'a superuser for ' END
		     || 'SELECT pg_terminate_backend(' || l.pid || ')' END,
	       pg_catalog.format('%I.%I', n.nspname, c.relname)
	FROM pg_catalog.pg_locks l
	JOIN asked a ON a.oid = l.relation
	JOIN pg_catalog.pg_class c ON c.oid = l.relation
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_stat_activity s ON s.pid = l.pid
	LEFT JOIN LATERAL (
		-- only for locks of no session: they are looked up again
		SELECT p.gid, p.owner, p.prepared
		FROM pg_catalog.pg_locks t
		JOIN pg_catalog.pg_prepared_xacts p
		  ON p.transaction = t.transactionid
		WHERE l.pid IS NULL AND t.pid IS NULL
		  AND t.locktype = 'transactionid'
		  AND t.virtualtransaction = l.virtualtransaction
		OFFSET 0
	) x ON true
	WHERE l.locktype = 'relation' AND l.granted
	  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
			    WHERE d.datname = pg_catalog.current_database())
	  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
	  AND pg_catalog.strpos(a.modes, '/' || l.mode || '/') > 0
	  AND s.backend_type IS DISTINCT FROM 'parallel worker'
	ORDER BY l.virtualtransaction,
	      pg_catalog.strpos('/AccessExclusiveLock/ExclusiveLock/'
		|| 'ShareRowExclusiveLock/ShareLock/ShareUpdateExclusiveLock/'
		|| 'RowExclusiveLock/RowShareLock/AccessShareLock/',
		'/' || l.mode || '/'),
	      l.relation
) holders
ORDER BY age DESC NULLS LAST
LIMIT 50
