-- parameters: raw:table.name raw:table
-- What is in the way when a table is dropped; how it is made again, the server
-- tells by itself.
WITH tab AS (
	SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS name
	FROM information_schema.TABLES AS t
	WHERE t.TABLE_SCHEMA = IF($2 = $1, DATABASE(), substring_index($2, '.', 1)) AND t.TABLE_NAME = $1
), inbound AS (
	SELECT concat('`', replace(k.TABLE_NAME, '`', '``'), '`') AS child,
		concat('`', replace(k.CONSTRAINT_NAME, '`', '``'), '`') AS name,
		group_concat(concat('`', replace(k.COLUMN_NAME, '`', '``'), '`')
			ORDER BY k.ORDINAL_POSITION SEPARATOR ', ') AS columns,
		concat('`', replace(max(tab.name), '`', '``'), '` (',
			group_concat(concat('`', replace(k.REFERENCED_COLUMN_NAME, '`', '``'), '`')
				ORDER BY k.ORDINAL_POSITION SEPARATOR ', '), ')') AS target,
		max(r.DELETE_RULE) AS deleted, max(r.UPDATE_RULE) AS updated
	FROM information_schema.KEY_COLUMN_USAGE AS k
	JOIN tab ON k.REFERENCED_TABLE_SCHEMA = tab.db
		AND k.REFERENCED_TABLE_NAME = tab.name AND k.TABLE_NAME <> tab.name
	JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r
		ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA
		AND r.TABLE_NAME = k.TABLE_NAME
		AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
	WHERE k.TABLE_SCHEMA = DATABASE()
	GROUP BY k.TABLE_NAME, k.CONSTRAINT_NAME
), facts (n, k, v) AS (
	SELECT 1, 'first', concat('ALTER TABLE ', child, ' DROP FOREIGN KEY ', name)
	FROM inbound
	UNION ALL
	SELECT 2, 'after', concat('ALTER TABLE ', child, ' ADD CONSTRAINT ', name,
		' FOREIGN KEY (', columns, ') REFERENCES ', target,
		' ON DELETE ', deleted, ' ON UPDATE ', updated)
	FROM inbound
	UNION ALL
	SELECT 3, 'blocked', concat('view ', v.TABLE_NAME)
	FROM information_schema.VIEWS AS v
	JOIN tab ON instr(v.VIEW_DEFINITION, concat('`', replace(tab.db, '`', '``'), '`.`',
		replace(tab.name, '`', '``'), '`')) > 0
	WHERE v.TABLE_SCHEMA = DATABASE()
)
SELECT k, v
FROM facts
ORDER BY n, v
