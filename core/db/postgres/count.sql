-- Rows of the table $1 (or else $2, the same name with its dot taken
-- literally): the number, and whether it is an estimate; no row when there is
-- no table. It is counted when it has about $3 rows or less, with all its
-- partitions and children, and waits for locks for $4, or as the session does. The estimate is what the planner would say, rows a
-- page at the last ANALYZE times the pages there are now, or else the rows that
-- the statistics saw come and go, or else a guess from the width of the columns. query_to_xml() is how a plain query runs another one,
-- and only when it is needed.
SELECT CASE
	WHEN NOT pg_catalog.has_table_privilege(oid, 'SELECT') THEN -1
	WHEN estimate > $3::bigint OR pages = 0 THEN estimate
	ELSE pg_catalog.substring(pg_catalog.query_to_xml(
		'SELECT count(*) AS n FROM ' || oid::pg_catalog.regclass,
		false, false, '')::text, '<n>([0-9]+)</n>')::bigint
       END,
       estimate > $3::bigint
FROM (
	SELECT oid, pages,
	       CASE
		WHEN pages IS NULL
		THEN pg_catalog.substring(pg_catalog.query_to_xml($tree$
			WITH RECURSIVE tree (oid) AS (
				SELECT $tree$ || oid || $tree$::pg_catalog.oid
				UNION ALL
				SELECT i.inhrelid
				FROM tree t
				JOIN pg_catalog.pg_inherits i
				  ON i.inhparent = t.oid
			)
			SELECT pg_catalog.sum(
				pg_catalog.pg_relation_size(t.oid)
				/ current_setting('block_size')::bigint
				* CASE WHEN c.relpages > 0 AND c.reltuples >= 0
				   THEN c.reltuples::double precision
					/ c.relpages
				   ELSE 100 END)::bigint AS n
			FROM tree t
			JOIN pg_catalog.pg_class c ON c.oid = t.oid
			WHERE c.relkind = 'r' $tree$,
			false, false, '')::text, '<n>([0-9]+)</n>')::bigint
		WHEN pages = 0 THEN 0
		WHEN relpages > 0 AND reltuples >= 0
		THEN pages * reltuples::double precision / relpages
		WHEN pg_catalog.pg_stat_get_live_tuples(oid) > 0
		THEN pg_catalog.pg_stat_get_live_tuples(oid)
		ELSE pages * (
			SELECT (current_setting('block_size')::integer - 24)
			       / (28 + pg_catalog.sum(
				CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END))
			FROM pg_catalog.pg_attribute a
			WHERE a.attrelid = sized.oid AND a.attnum > 0
			  AND NOT a.attisdropped)
	       END::bigint AS estimate
	FROM (
		-- no number of pages for a table that has parts
		SELECT c.oid, c.relpages, c.reltuples,
		       CASE WHEN c.relhassubclass THEN NULL
			    WHEN c.relkind = 'p' THEN 0
			    ELSE pg_catalog.pg_relation_size(c.oid)
				 / current_setting('block_size')::bigint
		       END AS pages
		FROM pg_catalog.pg_class c
		WHERE ($4::text IS NULL
		       OR (SELECT pg_catalog.set_config('lock_timeout', $4, true))
			  IS NOT NULL)
		  AND c.oid = coalesce(pg_catalog.to_regclass($1),
				       pg_catalog.to_regclass($2))
		  AND c.relkind IN ('r', 'p', 'm')
		OFFSET 0
	) sized
	OFFSET 0
) whole
