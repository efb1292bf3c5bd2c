-- parameters: table
-- The columns of a table, and those of its primary key.
SELECT key, value
FROM (
	SELECT 'column' AS key, a.attname AS value, a.attnum AS n
	FROM pg_attribute AS a
	WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0
		AND NOT a.attisdropped
	UNION ALL
	SELECT 'key', a.attname, 10000 + array_position(i.indkey::smallint[], a.attnum)
	FROM pg_index AS i
	JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
	WHERE i.indrelid = to_regclass($1::text) AND i.indisprimary
) AS f
ORDER BY n
