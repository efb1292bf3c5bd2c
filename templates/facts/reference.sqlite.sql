-- parameters: raw:column raw:table.name raw:references
-- What a column may refer to: the table that is given, or the one that the
-- column's name tells (user_id: user or users), and its key.
WITH base (name) AS (
	SELECT CASE WHEN lower($1) LIKE '%\_id' ESCAPE '\'
		THEN substr(lower($1), 1, length($1) - 3) ELSE lower($1) END
	FROM pragma_table_info($2)
	WHERE lower(name) = lower($1)
), parent AS (
	SELECT s.name
	FROM sqlite_schema AS s, base
	WHERE s.type = 'table' AND CASE
		WHEN $3 IS NOT NULL THEN lower(s.name) = lower($3)
		ELSE lower(s.name) IN (base.name, base.name || 's', base.name || 'es',
			substr(base.name, 1, length(base.name) - 1) || 'ies')
			AND lower(s.name) <> lower($2)
		END
	ORDER BY length(s.name) DESC
	LIMIT 1
)
SELECT 'known', 'yes' FROM base
UNION ALL
SELECT 'references', '"' || replace(name, '"', '""') || '"' FROM parent
UNION ALL
SELECT 'key', '"' || replace(max(k.name), '"', '""') || '"'
FROM parent, pragma_table_info(parent.name) AS k
WHERE k.pk > 0
HAVING count(*) = 1
