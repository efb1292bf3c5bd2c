-- The same as count.sql for a table that has partitions or children: all of
-- them together.
WITH RECURSIVE tree (oid) AS (
	SELECT coalesce(pg_catalog.to_regclass($1),
			pg_catalog.to_regclass($2))::pg_catalog.oid
	UNION ALL
	SELECT i.inhrelid
	FROM tree t
	JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
), part AS (
	SELECT t.oid,
	       CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(t.oid)
			/ current_setting('block_size')::bigint
		    ELSE 0 END AS pages,
	       c.relpages, c.reltuples
	FROM tree t
	JOIN pg_catalog.pg_class c ON c.oid = t.oid
), whole AS (
	SELECT (SELECT oid FROM tree LIMIT 1) AS oid,
	       pg_catalog.sum(CASE
		WHEN pages = 0 THEN 0
		WHEN relpages > 0 AND reltuples >= 0
		THEN pages * reltuples::double precision / relpages
		ELSE pages * (
			SELECT (current_setting('block_size')::integer - 24)
			       / (28 + pg_catalog.sum(
				CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END))
			FROM pg_catalog.pg_attribute a
			WHERE a.attrelid = part.oid AND a.attnum > 0
			  AND NOT a.attisdropped)
	       END)::bigint AS estimate
	FROM part
)
SELECT CASE
	WHEN estimate > $3::bigint THEN estimate
	ELSE pg_catalog.substring(pg_catalog.query_to_xml(
		'SELECT count(*) AS n FROM ' || oid::pg_catalog.regclass,
		false, false, '')::text, '<n>([0-9]+)</n>')::bigint
       END,
       estimate > $3::bigint, false
FROM whole
