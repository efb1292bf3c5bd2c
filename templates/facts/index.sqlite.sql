-- parameters: raw:index raw:table.name raw:column
-- An index by its name, or else the one on just these columns of the table.
WITH idx AS (
	SELECT s.name, s.sql
	FROM sqlite_schema AS s
	WHERE s.type = 'index' AND s.sql IS NOT NULL
		AND CASE WHEN $1 IS NOT NULL THEN lower(s.name) = lower($1)
		ELSE lower(s.tbl_name) = lower($2) AND lower($3) = (
			SELECT lower(group_concat(name, ','))
			FROM (SELECT name FROM pragma_index_info(s.name) ORDER BY seqno))
		END
	ORDER BY s.rowid
	LIMIT 1
)
SELECT 'known', 'yes' FROM idx
UNION ALL
SELECT 'index', '"' || replace(name, '"', '""') || '"' FROM idx
UNION ALL
SELECT 'definition', sql FROM idx
