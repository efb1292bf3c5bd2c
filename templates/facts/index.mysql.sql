-- parameters: raw:index raw:table.name raw:column
-- An index by its name, or else the one on just these columns of the table.
WITH idx AS (
	SELECT s.TABLE_NAME AS tab, s.INDEX_NAME AS name,
		concat('`', replace(s.TABLE_NAME, '`', '``'), '`') AS quoted,
		group_concat(s.COLUMN_NAME ORDER BY s.SEQ_IN_INDEX) AS plain,
		max(s.INDEX_TYPE) AS type, max(s.NON_UNIQUE) AS several,
		group_concat(concat('`', replace(s.COLUMN_NAME, '`', '``'), '`',
			coalesce(concat('(', s.SUB_PART, ')'), ''),
			IF(s.COLLATION = 'D', ' DESC', ''))
			ORDER BY s.SEQ_IN_INDEX SEPARATOR ', ') AS columns
	FROM information_schema.STATISTICS AS s
	WHERE s.TABLE_SCHEMA = DATABASE()
		AND ($2 IS NULL OR s.TABLE_NAME = $2)
	GROUP BY s.TABLE_NAME, s.INDEX_NAME
	HAVING CASE WHEN $1 IS NOT NULL THEN lower(name) = lower($1)
		ELSE lower(plain) = lower($3) END
	ORDER BY name = 'PRIMARY', several DESC, tab, name
	LIMIT 1
), facts (n, k, v) AS (
	SELECT 1, 'known', 'yes' FROM idx
	UNION ALL
	SELECT 2, 'table', concat('"', replace(tab, '"', '""'), '"') FROM idx
	UNION ALL
	SELECT 2, 'index', concat('"', replace(name, '"', '""'), '"') FROM idx
	UNION ALL
	SELECT 3, 'definition', concat('ALTER TABLE ', quoted, ' ADD ',
		CASE WHEN several = 0 THEN 'UNIQUE '
			WHEN type IN ('FULLTEXT', 'SPATIAL') THEN concat(type, ' ')
			ELSE '' END,
		'INDEX `', replace(name, '`', '``'), '` (', columns, '), ALGORITHM=INPLACE, LOCK=',
		IF(type IN ('FULLTEXT', 'SPATIAL'), 'SHARED', 'NONE'))
	FROM idx
	WHERE name <> 'PRIMARY'
	UNION ALL
	SELECT 4, 'blocked', 'is the primary key: drop that instead'
	FROM idx
	WHERE name = 'PRIMARY'
	UNION ALL
	SELECT DISTINCT 4, 'blocked', concat('may serve the foreign key ', k.CONSTRAINT_NAME,
		': see whether another index does')
	FROM idx
	JOIN information_schema.KEY_COLUMN_USAGE AS k
		ON k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME = idx.tab
		AND k.REFERENCED_COLUMN_NAME IS NOT NULL
		AND k.ORDINAL_POSITION = 1
		AND k.COLUMN_NAME = substring_index(idx.plain, ',', 1)
)
SELECT k, v
FROM facts
ORDER BY n, v
