-- Rows of the table $1 (or else $2, the same name with its dot taken
-- literally): the number, whether it is an estimate, and whether it has
-- partitions or children, so that count-tree.sql has to tell; no row when there
-- is no table. It is counted when it has about $3 rows or less. The estimate is
-- what the planner would say: rows a page at the last ANALYZE, or else from the
-- width of the columns, times the pages there are now. query_to_xml() is how a
-- plain query runs another one.
SELECT CASE
	WHEN NOT pg_catalog.has_table_privilege(oid, 'SELECT') THEN -1
	WHEN estimate > $3::bigint OR estimate = 0 OR relhassubclass
	THEN estimate
	ELSE pg_catalog.substring(pg_catalog.query_to_xml(
		'SELECT count(*) AS n FROM ' || oid::pg_catalog.regclass,
		false, false, '')::text, '<n>([0-9]+)</n>')::bigint
       END,
       estimate > $3::bigint,
       relhassubclass AND pg_catalog.has_table_privilege(oid, 'SELECT')
FROM (
	SELECT oid, relhassubclass,
	       CASE
		WHEN pages = 0 THEN 0
		WHEN relpages > 0 AND reltuples >= 0
		THEN pages * reltuples::double precision / relpages
		ELSE pages * (
			SELECT (current_setting('block_size')::integer - 24)
			       / (28 + pg_catalog.sum(
				CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END))
			FROM pg_catalog.pg_attribute a
			WHERE a.attrelid = sized.oid AND a.attnum > 0
			  AND NOT a.attisdropped)
	       END::bigint AS estimate
	FROM (
		SELECT c.oid, c.relhassubclass, c.relpages, c.reltuples,
		       CASE WHEN c.relkind = 'p' THEN 0
			    ELSE pg_catalog.pg_relation_size(c.oid)
				 / current_setting('block_size')::bigint
		       END AS pages
		FROM pg_catalog.pg_class c
		WHERE c.oid = coalesce(pg_catalog.to_regclass($1),
				       pg_catalog.to_regclass($2))
		  AND c.relkind IN ('r', 'p', 'm')
		OFFSET 0
	) sized
	OFFSET 0
) whole
