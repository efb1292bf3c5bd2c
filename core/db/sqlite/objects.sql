SELECT type, name, tbl_name, sql, coalesce(rootpage, 0)
FROM sqlite_schema
WHERE sql IS NOT NULL
AND name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')
ORDER BY type, name
