-- Who keeps the session $1 waiting for a lock, and what it waits for: rows, or
-- a table; nobody when it does not wait. Those that had their transaction first
-- come first. What ends one, by whom it can be.
SELECT b.pid, NULL, coalesce(s.usename, x.owner), s.application_name,
       pg_catalog.round((extract(epoch FROM pg_catalog.clock_timestamp()
	- coalesce(s.xact_start, x.prepared)) * 1000)::numeric, 3) AS age,
       coalesce(s.state, CASE WHEN b.pid = 0
	THEN 'prepared transaction ' || coalesce(pg_catalog.quote_literal(x.gid), '')
	ELSE s.backend_type END),
       pg_catalog.left(s.query, 200),
       CASE WHEN n.nspname = 'public' THEN c.relname
	    ELSE n.nspname || '.' || c.relname END,
       CASE WHEN w.locktype = 'advisory' THEN 'an advisory lock'
	    WHEN w.locktype <> 'relation' THEN 'a row lock'
	    ELSE (SELECT h.mode FROM pg_catalog.pg_locks h
		  WHERE h.pid = b.pid AND h.relation = w.relation AND h.granted
		  ORDER BY pg_catalog.length(h.mode) DESC LIMIT 1) END,
       CASE WHEN b.pid = 0
	THEN 'ROLLBACK PREPARED ' || pg_catalog.quote_literal(x.gid)
	ELSE CASE WHEN (SELECT r.rolsuper FROM pg_catalog.pg_roles r
			WHERE r.rolname = current_user)
		    OR pg_catalog.pg_has_role(s.usesysid, 'USAGE')
		    OR (pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')
			AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r
				 WHERE r.oid = s.usesysid))
	     THEN '' ELSE 'ask ' || coalesce(s.usename || ' or ', '')
		|| 'a superuser for ' END
	     || 'SELECT pg_terminate_backend(' || b.pid || ')' END
FROM (
	SELECT l.locktype, l.relation, l.transactionid
	FROM pg_catalog.pg_locks l
	WHERE (SELECT a.wait_event_type = 'Lock'
	       FROM pg_catalog.pg_stat_get_activity($1::integer) a)
	  AND l.pid = $1::integer AND NOT l.granted
	LIMIT 1
) w
CROSS JOIN LATERAL (
	SELECT DISTINCT u.pid
	FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::integer)) u (pid)
) b
LEFT JOIN pg_catalog.pg_stat_activity s ON s.pid = b.pid
LEFT JOIN pg_catalog.pg_prepared_xacts x
       ON b.pid = 0 AND x.transaction = w.transactionid
LEFT JOIN pg_catalog.pg_class c ON c.oid = w.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY age DESC NULLS LAST, b.pid
