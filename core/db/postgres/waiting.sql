-- Who waits for a lock, for which one, since when, and who is in the way: one
-- row a session, or one row of the server's time alone. Also those of $2 that do
-- not wait any more: since when they do what they do now. And in which modes $1
-- has locked what they wait for, or what those of $2 waited for, $3.
-- pg_stat_activity touches no lock at all, whereas pg_locks is a copy of all of
-- them; but not every role sees in the former what others wait for. What $1 has
-- is looked at last: who is gone by then was not let in.
WITH seen AS MATERIALIZED (
	SELECT a.pid, a.usename, a.application_name, a.query, a.state, a.state_change
	FROM pg_catalog.pg_stat_activity a
	WHERE a.pid = ANY ($2::integer[])
	   OR CASE WHEN (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
		   THEN a.wait_event_type = 'Lock'
		   ELSE a.pid IN (SELECT l.pid FROM pg_catalog.pg_locks l WHERE NOT l.granted)
	      END
), locks AS MATERIALIZED (
	SELECT l.pid, CASE WHEN l.locktype = 'relation' THEN l.relation END AS relation, l.mode, l.granted, l.waitstart
	FROM pg_catalog.pg_locks l
	WHERE EXISTS (SELECT FROM seen) AND (NOT l.granted OR l.pid = $1::integer)
), asked AS (
	SELECT DISTINCT ON (l.pid) l.pid, l.relation, l.mode, l.waitstart
	FROM locks l
	WHERE NOT l.granted
	ORDER BY l.pid, l.waitstart
)
SELECT s.pid, s.usename, s.application_name, pg_catalog.left(s.query, 200),
       CASE WHEN a.pid IS NOT NULL
	    THEN pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(s.pid), ' ')
       END,
       a.relation, a.relation::pg_catalog.regclass, a.mode,
       (extract(epoch FROM a.waitstart) * '1000000'::pg_catalog.numeric)::bigint,
       (SELECT pg_catalog.string_agg(' ' || l.mode || ' ', '')
	FROM locks l
	WHERE l.granted
	  AND l.relation = CASE WHEN a.pid IS NOT NULL THEN a.relation
				ELSE ($3::oid[])[pg_catalog.array_position($2::integer[], s.pid)]
			   END),
       (extract(epoch FROM s.state_change) * '1000000'::pg_catalog.numeric)::bigint,
       s.state <> 'active',
       (extract(epoch FROM pg_catalog.statement_timestamp()) * '1000000'::pg_catalog.numeric)::bigint,
       (extract(epoch FROM pg_catalog.clock_timestamp()) * '1000000'::pg_catalog.numeric)::bigint
FROM (VALUES (1)) one
LEFT JOIN (seen s LEFT JOIN asked a ON a.pid = s.pid) ON true
