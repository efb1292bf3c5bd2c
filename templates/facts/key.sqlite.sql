-- parameters: raw:table.name
-- The columns of a table, and those of its primary key.
SELECT 'column', name FROM pragma_table_info($1)
UNION ALL
SELECT 'key', name FROM pragma_table_info($1) WHERE pk > 0
