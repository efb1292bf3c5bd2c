-- parameters: raw:table.name
-- Whether views, or triggers of other tables, speak of the table: they are in
-- the way when it is renamed.
SELECT 'others', 'yes'
FROM sqlite_schema
WHERE (type = 'view' OR (type = 'trigger' AND lower(tbl_name) <> lower($1)))
	AND instr(lower(sql), lower($1)) > 0
LIMIT 1
