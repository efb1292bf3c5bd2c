-- parameters: raw:table.name raw:column raw:table
-- What is known of a column, and what goes with it when it is dropped. In
-- comments stands what MariaDB alone has.
WITH col AS (
	SELECT c.*, c.TABLE_SCHEMA AS db, c.TABLE_NAME AS tab, c.COLUMN_NAME AS col,
		concat('`', replace(c.COLUMN_NAME, '`', '``'), '`') AS quoted,
		concat_ws(' ', c.COLUMN_TYPE,
			concat('COLLATE ', nullif(c.COLLATION_NAME, t.TABLE_COLLATION)),
			concat('GENERATED ALWAYS AS (', nullif(c.GENERATION_EXPRESSION, ''),
				') ', IF(c.EXTRA LIKE '%STORED%', 'STORED', 'VIRTUAL'))) AS type,
		concat('DEFAULT ', /*M!100207 IF(1, c.COLUMN_DEFAULT, */
			IF(c.EXTRA LIKE '%DEFAULT_GENERATED%', concat('(', c.COLUMN_DEFAULT, ')'),
				IF(c.COLUMN_DEFAULT IS NULL, NULL, quote(c.COLUMN_DEFAULT)))
			/*M!100207 ) */) AS value,
		concat_ws(' ', IF(c.EXTRA LIKE '%auto_increment%', 'AUTO_INCREMENT', NULL),
			IF(c.EXTRA LIKE '%on update%', concat('ON UPDATE ',
				substring_index(c.EXTRA, 'on update ', -1)), NULL),
			concat('COMMENT ', nullif(quote(c.COLUMN_COMMENT), '''''')),
			/*M!100200 (SELECT concat('CHECK (', k.CHECK_CLAUSE, ')')
				FROM information_schema.CHECK_CONSTRAINTS AS k
				WHERE k.CONSTRAINT_SCHEMA = c.TABLE_SCHEMA
				AND k.TABLE_NAME = c.TABLE_NAME AND k.LEVEL = 'Column'
				AND k.CONSTRAINT_NAME = c.COLUMN_NAME), */ NULL) AS rest
	FROM information_schema.COLUMNS AS c
	JOIN information_schema.TABLES AS t USING (TABLE_SCHEMA, TABLE_NAME)
	WHERE c.TABLE_SCHEMA = IF($3 = $1, DATABASE(), substring_index($3, '.', 1)) AND c.TABLE_NAME = $1
		AND c.COLUMN_NAME = $2 AND t.TABLE_TYPE <> 'VIEW'
), idx AS (
	SELECT s.INDEX_NAME AS name,
		concat('`', replace(s.INDEX_NAME, '`', '``'), '`') AS quoted,
		concat('ADD ', CASE WHEN max(s.NON_UNIQUE) = 0 THEN 'UNIQUE '
				WHEN max(s.INDEX_TYPE) IN ('FULLTEXT', 'SPATIAL')
				THEN concat(max(s.INDEX_TYPE), ' ') ELSE '' END,
			'INDEX `', replace(s.INDEX_NAME, '`', '``'), '` (',
			group_concat(concat('`', replace(s.COLUMN_NAME, '`', '``'), '`',
				coalesce(concat('(', s.SUB_PART, ')'), ''),
				IF(s.COLLATION = 'D', ' DESC', ''))
				ORDER BY s.SEQ_IN_INDEX SEPARATOR ', '), ')') AS text
	FROM information_schema.STATISTICS AS s
	JOIN col ON s.TABLE_SCHEMA = col.db AND s.TABLE_NAME = col.tab
	GROUP BY s.INDEX_NAME
	HAVING sum(s.COLUMN_NAME = col.col) > 0
), con AS (
	SELECT k.CONSTRAINT_NAME AS name,
		concat('`', replace(k.CONSTRAINT_NAME, '`', '``'), '`') AS quoted,
		concat('ADD CONSTRAINT `', replace(k.CONSTRAINT_NAME, '`', '``'),
			'` FOREIGN KEY (',
			group_concat(concat('`', replace(k.COLUMN_NAME, '`', '``'), '`')
				ORDER BY k.ORDINAL_POSITION SEPARATOR ', '),
			') REFERENCES ',
			IF(max(k.REFERENCED_TABLE_SCHEMA) = DATABASE(), '',
				concat('`', max(k.REFERENCED_TABLE_SCHEMA), '`.')),
			'`', max(k.REFERENCED_TABLE_NAME), '` (',
			group_concat(concat('`', replace(k.REFERENCED_COLUMN_NAME, '`', '``'), '`')
				ORDER BY k.ORDINAL_POSITION SEPARATOR ', '),
			') ON DELETE ', max(r.DELETE_RULE), ' ON UPDATE ', max(r.UPDATE_RULE)) AS text
	FROM information_schema.KEY_COLUMN_USAGE AS k
	JOIN col ON k.TABLE_SCHEMA = col.db AND k.TABLE_NAME = col.tab
	JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r
		ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA
		AND r.TABLE_NAME = k.TABLE_NAME
		AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
	GROUP BY k.CONSTRAINT_NAME
	HAVING sum(k.COLUMN_NAME = col.col) > 0
), facts (n, k, v) AS (
	SELECT 1, 'known', 'yes' FROM col
	UNION ALL
	SELECT 1, 'column.known', 'yes' FROM col
	UNION ALL
	SELECT 1, 'column.type', type FROM col
	UNION ALL
	SELECT 1, 'column.required', 'yes' FROM col
	WHERE IS_NULLABLE = 'NO' AND value IS NULL AND rest NOT LIKE 'AUTO%'
		AND coalesce(GENERATION_EXPRESSION, '') = ''
	UNION ALL
	SELECT 1, 'column.not-null', 'yes' FROM col WHERE IS_NULLABLE = 'NO'
	UNION ALL
	SELECT 1, 'column.default', substring(value, 9) FROM col
	WHERE value <> 'DEFAULT NULL'
	UNION ALL
	SELECT 1, 'column.definition', concat_ws(' ', type,
		IF(IS_NULLABLE = 'NO', 'NOT NULL', NULL), nullif(value, 'DEFAULT NULL'),
		nullif(rest, ''))
	FROM col
	UNION ALL
	SELECT 1, 'column.nullable', concat_ws(' ', type, nullif(rest, '')) FROM col
	UNION ALL
	SELECT 1, 'column.place', coalesce((
		SELECT concat(' AFTER `', replace(p.COLUMN_NAME, '`', '``'), '`')
		FROM information_schema.COLUMNS AS p
		WHERE p.TABLE_SCHEMA = col.db AND p.TABLE_NAME = col.tab
			AND p.ORDINAL_POSITION = col.ORDINAL_POSITION - 1), ' FIRST')
	FROM col
	UNION ALL
	SELECT 2, 'clause', concat('DROP FOREIGN KEY ', quoted) FROM con
	UNION ALL
	SELECT 4, 'clause', concat('DROP INDEX ', quoted) FROM idx WHERE name <> 'PRIMARY'
	UNION ALL
	-- what takes a thing of that name away, where there is one by now
	SELECT 2, 'undo', concat('DROP FOREIGN KEY /*M!100000 IF EXISTS */ ', quoted) FROM con
	UNION ALL
	SELECT 4, 'undo', concat('DROP INDEX /*M!100000 IF EXISTS */ ', quoted) FROM idx
	WHERE name <> 'PRIMARY'
	UNION ALL
	SELECT 5, 'restore', text FROM idx WHERE name <> 'PRIMARY'
	UNION ALL
	SELECT 7, 'restore', text FROM con
	/*M!100200 UNION ALL
	SELECT 3, 'clause', concat('DROP CONSTRAINT `', replace(k.CONSTRAINT_NAME, '`', '``'), '`')
	FROM information_schema.CHECK_CONSTRAINTS AS k
	JOIN col ON k.CONSTRAINT_SCHEMA = col.db AND k.TABLE_NAME = col.tab
	WHERE k.LEVEL = 'Table' AND instr(k.CHECK_CLAUSE, col.quoted) > 0
	UNION ALL
	SELECT 3, 'undo', concat('DROP CONSTRAINT IF EXISTS `', replace(k.CONSTRAINT_NAME, '`', '``'), '`')
	FROM information_schema.CHECK_CONSTRAINTS AS k
	JOIN col ON k.CONSTRAINT_SCHEMA = col.db AND k.TABLE_NAME = col.tab
	WHERE k.LEVEL = 'Table' AND instr(k.CHECK_CLAUSE, col.quoted) > 0
	UNION ALL
	SELECT 6, 'restore', concat('ADD CONSTRAINT `', replace(k.CONSTRAINT_NAME, '`', '``'),
		'` CHECK (', k.CHECK_CLAUSE, ')')
	FROM information_schema.CHECK_CONSTRAINTS AS k
	JOIN col ON k.CONSTRAINT_SCHEMA = col.db AND k.TABLE_NAME = col.tab
	WHERE k.LEVEL = 'Table' AND instr(k.CHECK_CLAUSE, col.quoted) > 0 */
	UNION ALL
	SELECT 8, 'blocked', 'the primary key' FROM idx WHERE name = 'PRIMARY'
	UNION ALL
	SELECT DISTINCT 8, 'blocked', concat('the foreign key ', k.CONSTRAINT_NAME, ' of ', k.TABLE_NAME)
	FROM information_schema.KEY_COLUMN_USAGE AS k
	JOIN col ON k.REFERENCED_TABLE_SCHEMA = col.db
		AND k.REFERENCED_TABLE_NAME = col.tab
		AND k.REFERENCED_COLUMN_NAME = col.col
	UNION ALL
	SELECT 8, 'blocked', concat('view ', v.TABLE_NAME)
	FROM information_schema.VIEWS AS v
	JOIN col ON instr(v.VIEW_DEFINITION, concat('`', col.tab, '`.', col.quoted)) > 0
	WHERE v.TABLE_SCHEMA = col.db
	UNION ALL
	SELECT 8, 'blocked', concat('column ', o.COLUMN_NAME)
	FROM information_schema.COLUMNS AS o
	JOIN col ON o.TABLE_SCHEMA = col.db AND o.TABLE_NAME = col.tab
	WHERE instr(coalesce(o.GENERATION_EXPRESSION, ''), col.quoted) > 0
	UNION ALL
	SELECT 8, 'blocked', concat('trigger ', g.TRIGGER_NAME)
	FROM information_schema.TRIGGERS AS g
	JOIN col ON g.EVENT_OBJECT_SCHEMA = col.db AND g.EVENT_OBJECT_TABLE = col.tab
	WHERE instr(lower(g.ACTION_STATEMENT), lower(col.col)) > 0
)
SELECT k, v
FROM facts
ORDER BY n, v
