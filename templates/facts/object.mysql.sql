-- parameters: kind raw:name raw:table.name raw:table
-- The statement that makes an index or a constraint of a table again, and
-- whether there is such a table or view.
WITH p AS (
	SELECT $1 AS kind, $2 AS name, $3 AS tab,
		IF($4 IS NULL OR $4 = $3, DATABASE(), substring_index($4, '.', 1)) AS db
), q AS (
	SELECT p.*, concat('`', replace(p.name, '`', '``'), '`') AS quoted,
		concat('ALTER TABLE ', IF(p.db = DATABASE(), '',
			concat('`', replace(p.db, '`', '``'), '`.')), '`',
			replace(p.tab, '`', '``'), '` ADD ') AS alters
	FROM p
), idx AS (
	SELECT concat(q.alters, CASE WHEN max(s.INDEX_NAME) = 'PRIMARY' THEN 'PRIMARY KEY'
		ELSE concat(CASE WHEN max(s.NON_UNIQUE) = 0 THEN 'UNIQUE '
			WHEN max(s.INDEX_TYPE) IN ('FULLTEXT', 'SPATIAL')
			THEN concat(max(s.INDEX_TYPE), ' ') ELSE '' END,
			'INDEX ', q.quoted) END, ' (',
		group_concat(concat('`', replace(s.COLUMN_NAME, '`', '``'), '`',
			coalesce(concat('(', s.SUB_PART, ')'), ''),
			IF(s.COLLATION = 'D', ' DESC', ''))
			ORDER BY s.SEQ_IN_INDEX SEPARATOR ', '), ')',
		coalesce(concat(' COMMENT ', nullif(quote(max(s.INDEX_COMMENT)), '''''')), ''))
		AS text
	FROM q
	JOIN information_schema.STATISTICS AS s ON s.TABLE_SCHEMA = q.db
		AND s.TABLE_NAME = q.tab AND s.INDEX_NAME = q.name
	WHERE q.kind IN ('INDEX', 'CONSTRAINT')
	GROUP BY q.alters, q.quoted
), fk AS (
	SELECT concat(q.alters, 'CONSTRAINT ', q.quoted, ' FOREIGN KEY (',
		group_concat(concat('`', replace(k.COLUMN_NAME, '`', '``'), '`')
			ORDER BY k.ORDINAL_POSITION SEPARATOR ', '),
		') REFERENCES ', IF(max(k.REFERENCED_TABLE_SCHEMA) = q.db, '',
			concat('`', max(k.REFERENCED_TABLE_SCHEMA), '`.')),
		'`', max(k.REFERENCED_TABLE_NAME), '` (',
		group_concat(concat('`', replace(k.REFERENCED_COLUMN_NAME, '`', '``'), '`')
			ORDER BY k.ORDINAL_POSITION SEPARATOR ', '),
		') ON DELETE ', max(r.DELETE_RULE), ' ON UPDATE ', max(r.UPDATE_RULE)) AS text
	FROM q
	JOIN information_schema.KEY_COLUMN_USAGE AS k ON k.TABLE_SCHEMA = q.db
		AND k.TABLE_NAME = q.tab AND k.CONSTRAINT_NAME = q.name
		AND k.REFERENCED_COLUMN_NAME IS NOT NULL
	JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r
		ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA
		AND r.TABLE_NAME = k.TABLE_NAME
		AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
	WHERE q.kind = 'CONSTRAINT'
	GROUP BY q.alters, q.quoted, q.db
), facts (k, v) AS (
	SELECT 'definition', text FROM idx
	UNION ALL
	SELECT 'definition', text FROM fk
	/*M!100200 UNION ALL
	SELECT 'definition', concat(q.alters, 'CONSTRAINT ', q.quoted, ' CHECK (',
		c.CHECK_CLAUSE, ')')
	FROM q
	JOIN information_schema.CHECK_CONSTRAINTS AS c ON c.CONSTRAINT_SCHEMA = q.db
		AND c.TABLE_NAME = q.tab AND c.CONSTRAINT_NAME = q.name
		AND c.LEVEL = 'Table'
	WHERE q.kind = 'CONSTRAINT' */
	UNION ALL
	SELECT 'known', 'yes'
	FROM q
	JOIN information_schema.TABLES AS t ON t.TABLE_SCHEMA = DATABASE()
		AND t.TABLE_NAME = q.name
	WHERE q.kind IN ('TABLE', 'VIEW', 'SEQUENCE')
	UNION ALL
	SELECT 'known', 'yes'
	FROM q
	JOIN information_schema.ROUTINES AS t ON t.ROUTINE_SCHEMA = DATABASE()
		AND t.ROUTINE_NAME = q.name AND t.ROUTINE_TYPE = q.kind
	UNION ALL
	SELECT 'known', 'yes'
	FROM q
	JOIN information_schema.TRIGGERS AS t ON t.TRIGGER_SCHEMA = DATABASE()
		AND t.TRIGGER_NAME = q.name
	WHERE q.kind = 'TRIGGER'
)
SELECT 'known', 'yes' FROM idx
UNION ALL
SELECT 'known', 'yes' FROM fk
UNION ALL
SELECT k, v FROM facts
