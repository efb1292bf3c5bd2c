-- parameters: raw:table.name raw:column raw:references raw:table
-- What a column may refer to: the table that is given, or the one that the
-- column's name tells (user_id: user or users), and its key.
WITH col AS (
	SELECT c.TABLE_SCHEMA AS db, c.TABLE_NAME AS tab, c.COLUMN_NAME AS col,
		IF(c.COLUMN_NAME LIKE '%\_id', left(c.COLUMN_NAME,
			char_length(c.COLUMN_NAME) - 3), c.COLUMN_NAME) AS base
	FROM information_schema.COLUMNS AS c
	WHERE c.TABLE_SCHEMA = IF($4 = $1, DATABASE(), substring_index($4, '.', 1)) AND c.TABLE_NAME = $1
		AND c.COLUMN_NAME = $2
), parent AS (
	SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS tab
	FROM information_schema.TABLES AS t
	JOIN col ON t.TABLE_SCHEMA = col.db
	WHERE t.TABLE_TYPE = 'BASE TABLE' AND CASE
		WHEN $3 IS NOT NULL THEN t.TABLE_NAME = $3
		ELSE t.TABLE_NAME IN (col.base, concat(col.base, 's'),
			concat(col.base, 'es'),
			concat(left(col.base, char_length(col.base) - 1), 'ies'))
			AND t.TABLE_NAME <> col.tab
		END
	ORDER BY char_length(t.TABLE_NAME) DESC
	LIMIT 1
)
SELECT 'known', 'yes' FROM col
UNION ALL
SELECT 'references', concat('"', replace(tab, '"', '""'), '"') FROM parent
UNION ALL
SELECT 'key', concat('"', replace(max(s.COLUMN_NAME), '"', '""'), '"')
FROM parent
JOIN information_schema.STATISTICS AS s ON s.TABLE_SCHEMA = parent.db
	AND s.TABLE_NAME = parent.tab AND s.INDEX_NAME = 'PRIMARY'
GROUP BY s.TABLE_NAME
HAVING count(*) = 1
UNION ALL
SELECT DISTINCT 'indexed', 'yes'
FROM col
JOIN information_schema.STATISTICS AS s ON s.TABLE_SCHEMA = col.db
	AND s.TABLE_NAME = col.tab AND s.COLUMN_NAME = col.col
	AND s.SEQ_IN_INDEX = 1
