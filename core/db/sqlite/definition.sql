SELECT sql
FROM sqlite_schema
WHERE lower(tbl_name) = lower($1) AND sql IS NOT NULL
AND type IN ('table', 'index', 'trigger')
AND EXISTS (SELECT 1 FROM sqlite_schema AS t WHERE t.type = 'table' AND lower(t.name) = lower($1))
ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 ELSE 3 END, rowid
