-- parameters: table raw:column references
-- What a column may refer to: the table that is given, or the one that the
-- column's name tells (user_id: user or users), and its key.
WITH col AS (
	SELECT a.attrelid, a.attnum, regexp_replace(a.attname, '_id$', '') AS base
	FROM pg_attribute AS a
	WHERE a.attrelid = to_regclass($1::text) AND a.attname = $2::text
		AND a.attnum > 0 AND NOT a.attisdropped
), parent AS (
	SELECT c.oid, c.relname
	FROM pg_class AS c, col
	WHERE c.relkind IN ('r', 'p') AND CASE
		WHEN $3::text IS NOT NULL THEN c.oid = to_regclass($3::text)
		ELSE pg_table_is_visible(c.oid) AND c.relname IN (col.base,
			col.base || 's', col.base || 'es',
			regexp_replace(col.base, 'y$', 'ies'))
			AND c.oid <> col.attrelid
		END
	ORDER BY length(c.relname) DESC
	LIMIT 1
)
SELECT 'known', 'yes' FROM col
UNION ALL
SELECT 'references', oid::regclass::text FROM parent
UNION ALL
SELECT 'key', quote_ident(a.attname)
FROM parent
JOIN pg_index AS i ON i.indrelid = parent.oid AND i.indisprimary
	AND i.indnkeyatts = 1
JOIN pg_attribute AS a ON a.attrelid = parent.oid AND a.attnum = i.indkey[0]
UNION ALL
SELECT 'unindexed', 'yes'
FROM col
WHERE NOT EXISTS (SELECT 1 FROM pg_index AS i
	WHERE i.indrelid = col.attrelid AND i.indkey[0] = col.attnum)
