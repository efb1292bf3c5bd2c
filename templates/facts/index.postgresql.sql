-- parameters: index table raw:column
-- An index by its name, or else the one on just these columns of the table.
WITH idx AS (
	SELECT i.*, c.relname, c.relkind, pg_get_indexdef(i.indexrelid) AS definition
	FROM pg_index AS i
	JOIN pg_class AS c ON c.oid = i.indexrelid
	WHERE CASE
		WHEN $1::text IS NOT NULL THEN i.indexrelid = to_regclass($1::text)
		ELSE i.indrelid = to_regclass($2::text) AND $3::text = (
			SELECT string_agg(coalesce(a.attname, pg_get_indexdef(
				i.indexrelid, k.n::integer, true)), ',' ORDER BY k.n)
			FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
			LEFT JOIN pg_attribute AS a
				ON a.attrelid = i.indrelid AND a.attnum = k.attnum
			WHERE k.n <= i.indnkeyatts)
		END
	ORDER BY EXISTS (SELECT 1 FROM pg_constraint AS k
		WHERE k.conindid = i.indexrelid), c.relname
	LIMIT 1
), facts (n, key, value) AS (
	SELECT 1, 'known', 'yes' FROM idx
	UNION ALL
	SELECT 2, 'index', CASE WHEN pg_table_is_visible(indexrelid)
		THEN quote_ident(relname) ELSE indexrelid::regclass::text END
	FROM idx
	UNION ALL
	SELECT 3, 'definition', CASE WHEN relkind = 'I' THEN definition
		ELSE regexp_replace(definition, '^CREATE (UNIQUE )?INDEX ',
			'CREATE \1INDEX CONCURRENTLY ') END
	FROM idx
	UNION ALL
	SELECT 4, 'definition', format('COMMENT ON INDEX %s IS %L',
		indexrelid::regclass, obj_description(indexrelid, 'pg_class'))
	FROM idx
	WHERE obj_description(indexrelid, 'pg_class') IS NOT NULL
	UNION ALL
	SELECT 5, 'blocked', 'belongs to constraint ' || quote_ident(k.conname)
		|| ': drop that instead'
	FROM idx
	JOIN pg_constraint AS k
		ON k.conindid = idx.indexrelid AND k.contype IN ('p', 'u', 'x')
	UNION ALL
	SELECT 5, 'blocked', 'is partitioned: drop it without CONCURRENTLY'
	FROM idx
	WHERE relkind = 'I'
)
SELECT key, value
FROM facts
ORDER BY n, value
