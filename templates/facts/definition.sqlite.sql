-- parameters: raw:table.name
-- The statements that make a table as it is, but for its rows.
SELECT 'known', 'yes'
FROM sqlite_schema
WHERE type = 'table' AND lower(name) = lower($1)
UNION ALL
SELECT 'definition', sql
FROM (
	SELECT sql
	FROM sqlite_schema
	WHERE sql IS NOT NULL AND lower(tbl_name) = lower($1)
		AND type IN ('table', 'index', 'trigger')
	ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 ELSE 3 END, rowid)
UNION ALL
SELECT DISTINCT 'blocked', 'the foreign key of ' || s.name
FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS k
WHERE s.type = 'table' AND lower(k."table") = lower($1)
	AND lower(s.name) <> lower($1)
UNION ALL
SELECT 'mention', type || ' ' || name
FROM sqlite_schema
WHERE (type = 'view' OR (type = 'trigger' AND lower(tbl_name) <> lower($1)))
	AND instr(lower(sql), lower($1)) > 0
