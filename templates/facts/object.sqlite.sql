-- parameters: kind raw:name
-- The statement that makes an object.
SELECT 'known', 'yes'
FROM sqlite_schema
WHERE type = lower($1) AND lower(name) = lower($2)
UNION ALL
SELECT 'definition', sql
FROM sqlite_schema
WHERE type = lower($1) AND lower(name) = lower($2) AND sql IS NOT NULL
UNION ALL
SELECT 'definition', sql
FROM sqlite_schema
WHERE lower($1) = 'view' AND type = 'trigger' AND lower(tbl_name) = lower($2)
