-- Which relations a process has locked, or asks for: $1 its number. And how far
-- the command is that reports that.
SELECT l.relation, l.mode, l.granted, n.nspname, c.relname, c.relkind,
       p.phase, p.done, p.total
FROM (VALUES (1)) one
LEFT JOIN pg_catalog.pg_locks l
  ON l.pid = $1::integer AND l.locktype = 'relation'
 AND l.relation >= '16384'::pg_catalog.oid
LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (
	SELECT pid, phase,
	       CASE WHEN blocks_total > 0 THEN blocks_done
		    WHEN tuples_total > 0 THEN tuples_done
		    ELSE lockers_done END,
	       CASE WHEN blocks_total > 0 THEN blocks_total
		    WHEN tuples_total > 0 THEN tuples_total
		    ELSE lockers_total END
	FROM pg_catalog.pg_stat_progress_create_index
	UNION ALL
	SELECT pid, phase, heap_blks_scanned, heap_blks_total
	FROM pg_catalog.pg_stat_progress_cluster
	UNION ALL
	SELECT pid, phase, heap_blks_scanned, heap_blks_total
	FROM pg_catalog.pg_stat_progress_vacuum
	UNION ALL
	SELECT pid, phase, sample_blks_scanned, sample_blks_total
	FROM pg_catalog.pg_stat_progress_analyze
	UNION ALL
	SELECT pid, 'copying rows', bytes_processed, bytes_total
	FROM pg_catalog.pg_stat_progress_copy
) p (pid, phase, done, total) ON p.pid = $1::integer
