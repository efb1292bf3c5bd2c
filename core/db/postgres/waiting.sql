-- Who waits for a lock, for which one, since when, and who is in the way: one
-- row a session, or one row of the server's time alone. $1 whether this role
-- sees in pg_stat_activity what others wait for; it touches no lock at all,
-- whereas pg_locks is a copy of all of them.
WITH waiting AS MATERIALIZED (
	SELECT a.pid, a.usename, a.application_name, a.query
	FROM pg_catalog.pg_stat_activity a
	WHERE $1::boolean AND a.wait_event_type = 'Lock'
	UNION ALL
	SELECT a.pid, a.usename, a.application_name, a.query
	FROM pg_catalog.pg_locks l
	JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
	WHERE NOT $1::boolean AND NOT l.granted
), asked AS MATERIALIZED (
	SELECT DISTINCT ON (l.pid) l.pid, CASE WHEN l.locktype = 'relation' THEN l.relation END AS relation, l.mode, l.waitstart
	FROM pg_catalog.pg_locks l
	WHERE EXISTS (SELECT FROM waiting) AND NOT l.granted
	ORDER BY l.pid, l.waitstart
)
SELECT w.pid, w.usename, w.application_name, pg_catalog.left(w.query, 200),
       pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(w.pid), ' '),
       a.relation, a.relation::pg_catalog.regclass, a.mode,
       (extract(epoch FROM a.waitstart) * '1000000'::pg_catalog.numeric)::bigint,
       (extract(epoch FROM pg_catalog.clock_timestamp()) * '1000000'::pg_catalog.numeric)::bigint
FROM (VALUES (1)) one
LEFT JOIN (waiting w JOIN asked a ON a.pid = w.pid) ON true
