-- parameters: raw:table.name raw:column
-- The indexes on a column, and what else may speak of it.
WITH idx AS (
	SELECT s.name, s.sql
	FROM pragma_index_list($1) AS l
	JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = l.name
	WHERE s.sql IS NOT NULL AND (
		EXISTS (SELECT 1 FROM pragma_index_info(l.name) AS i
			WHERE lower(i.name) = lower($2))
		OR ((l.partial OR EXISTS (SELECT 1 FROM pragma_index_info(l.name) AS i
				WHERE i.cid = -2))
			AND instr(lower(s.sql), lower($2)) > 0))
)
SELECT 'name:index', '"' || replace(name, '"', '""') || '"' FROM idx
UNION ALL
SELECT 'restore', sql FROM idx
UNION ALL
SELECT 'mention', type || ' ' || name
FROM sqlite_schema
WHERE type IN ('view', 'trigger') AND instr(lower(sql), lower($2)) > 0
	AND (lower(tbl_name) = lower($1) OR instr(lower(sql), lower($1)) > 0)
