-- what was granted on the database itself
SELECT 'privileges', concat('database to ', g.GRANTEE),
       group_concat(concat(lower(g.PRIVILEGE_TYPE),
			   IF(g.IS_GRANTABLE = 'YES', ' with grant option', ''))
		    ORDER BY g.PRIVILEGE_TYPE SEPARATOR ', '), 0
FROM information_schema.SCHEMA_PRIVILEGES AS g
WHERE g.TABLE_SCHEMA = DATABASE()
GROUP BY g.GRANTEE;

-- on tables
SELECT 'privileges', concat('table ', g.TABLE_NAME, ' to ', g.GRANTEE),
       group_concat(concat(lower(g.PRIVILEGE_TYPE),
			   IF(g.IS_GRANTABLE = 'YES', ' with grant option', ''))
		    ORDER BY g.PRIVILEGE_TYPE SEPARATOR ', '), 0
FROM information_schema.TABLE_PRIVILEGES AS g
WHERE g.TABLE_SCHEMA = DATABASE()
GROUP BY g.TABLE_NAME, g.GRANTEE;

-- on columns
SELECT 'privileges', concat('column ', g.TABLE_NAME, '.', g.COLUMN_NAME, ' to ',
			    g.GRANTEE),
       group_concat(concat(lower(g.PRIVILEGE_TYPE),
			   IF(g.IS_GRANTABLE = 'YES', ' with grant option', ''))
		    ORDER BY g.PRIVILEGE_TYPE SEPARATOR ', '), 0
FROM information_schema.COLUMN_PRIVILEGES AS g
WHERE g.TABLE_SCHEMA = DATABASE()
GROUP BY g.TABLE_NAME, g.COLUMN_NAME, g.GRANTEE;

-- on procedures and functions; optional
SELECT 'privileges', concat(lower(g.Routine_type), ' ', g.Routine_name, ' to ',
			    quote(g.User), '@', quote(g.Host)),
       lower(g.Proc_priv), 0
FROM mysql.procs_priv AS g
WHERE g.Db = DATABASE();

