-- parameters: raw:table.name raw:table
-- The columns of a table, and those of its primary key.
SELECT k, v
FROM (
	SELECT 'column' AS k, c.COLUMN_NAME AS v, c.ORDINAL_POSITION AS n
	FROM information_schema.COLUMNS AS c
	WHERE c.TABLE_SCHEMA = IF($2 = $1, DATABASE(), substring_index($2, '.', 1))
		AND c.TABLE_NAME = $1
	UNION ALL
	SELECT 'key', c.COLUMN_NAME, 10000 + c.ORDINAL_POSITION
	FROM information_schema.COLUMNS AS c
	WHERE c.TABLE_SCHEMA = IF($2 = $1, DATABASE(), substring_index($2, '.', 1))
		AND c.TABLE_NAME = $1 AND c.COLUMN_KEY = 'PRI'
) AS f
ORDER BY n
