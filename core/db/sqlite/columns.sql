SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.hidden, c.cid + 1
FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c
WHERE t.type = 'table' AND t.rootpage > 0 AND c.hidden <> 1
ORDER BY t.name, c.cid
