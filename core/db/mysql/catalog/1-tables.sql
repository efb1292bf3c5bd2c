-- Each statement gives kind, name, definition and position. What one of the
-- servers alone has stands in a comment that only that one carries out, or in a
-- statement of its own ("only mariadb", "only mysql"). An "optional" one asks
-- for what the user may not see.
--
-- the database's defaults
SELECT 'database', 'defaults',
       concat('character set ', s.DEFAULT_CHARACTER_SET_NAME,
	      ' collate ', s.DEFAULT_COLLATION_NAME), 0
FROM information_schema.SCHEMATA AS s
WHERE s.SCHEMA_NAME = DATABASE();

-- tables, without the counter of AUTO_INCREMENT
SELECT 'table', t.TABLE_NAME,
       concat_ws(' ',
	IF(t.TABLE_TYPE = 'SYSTEM VERSIONED', 'system versioned', NULL),
	'engine', t.ENGINE,
	'row format', t.ROW_FORMAT,
	'collate', t.TABLE_COLLATION,
	nullif(t.CREATE_OPTIONS, ''),
	concat('comment ', nullif(quote(t.TABLE_COMMENT), ''''''))),
       0
FROM information_schema.TABLES AS t
WHERE t.TABLE_SCHEMA = DATABASE()
  AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
  AND t.TABLE_NAME NOT IN ('git_migrations', 'git_migrate_runs',
			   'git_migrate_meta', 'git_migrate_progress',
			   'git_migrate_backups');

-- columns
SELECT 'column', concat(c.TABLE_NAME, '.', c.COLUMN_NAME),
       concat_ws(' ', c.COLUMN_TYPE,
	concat('collate ', c.COLLATION_NAME),
	IF(c.IS_NULLABLE = 'NO', 'not null', NULL),
	concat('default ', c.COLUMN_DEFAULT),
	nullif(c.EXTRA, ''),
	concat('as (', nullif(c.GENERATION_EXPRESSION, ''), ')'),
	concat('comment ', nullif(quote(c.COLUMN_COMMENT), ''''''))),
       c.ORDINAL_POSITION
FROM information_schema.COLUMNS AS c
JOIN information_schema.TABLES AS t
  ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
WHERE c.TABLE_SCHEMA = DATABASE()
  AND t.TABLE_SCHEMA = DATABASE()
  AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
  AND c.TABLE_NAME NOT IN ('git_migrations', 'git_migrate_runs',
			   'git_migrate_meta', 'git_migrate_progress',
			   'git_migrate_backups');

-- indexes, primary and unique keys
SELECT 'index', concat(s.TABLE_NAME, '.', s.INDEX_NAME),
       concat_ws(' ',
	IF(max(s.NON_UNIQUE) = 0, 'unique', NULL),
	lower(max(s.INDEX_TYPE)),
	concat('(', group_concat(concat(
		coalesce(s.COLUMN_NAME, /*!80013 concat('(', s.EXPRESSION, ')'), */ ''),
		coalesce(concat('(', s.SUB_PART, ')'), ''),
		IF(s.COLLATION = 'D', ' desc', ''))
		ORDER BY s.SEQ_IN_INDEX SEPARATOR ', '), ')'),
	/*M!100600 IF(max(s.IGNORED) = 'YES', 'ignored', NULL), */
	/*!80000 IF(max(s.IS_VISIBLE) = 'NO', 'invisible', NULL), */
	concat('comment ', nullif(quote(max(s.INDEX_COMMENT)), ''''''))),
       0
FROM information_schema.STATISTICS AS s
WHERE s.TABLE_SCHEMA = DATABASE()
  AND s.TABLE_NAME NOT IN ('git_migrations', 'git_migrate_runs',
			   'git_migrate_meta', 'git_migrate_progress',
			   'git_migrate_backups')
GROUP BY s.TABLE_NAME, s.INDEX_NAME;

-- foreign keys
SELECT 'foreign key', concat(r.TABLE_NAME, '.', r.CONSTRAINT_NAME),
       concat('(', group_concat(k.COLUMN_NAME ORDER BY k.ORDINAL_POSITION
				SEPARATOR ', '),
	') references ',
	IF(max(k.REFERENCED_TABLE_SCHEMA) = DATABASE(), '',
	   concat(max(k.REFERENCED_TABLE_SCHEMA), '.')),
	r.REFERENCED_TABLE_NAME,
	' (', group_concat(k.REFERENCED_COLUMN_NAME ORDER BY k.ORDINAL_POSITION
			   SEPARATOR ', '),
	') on update ', lower(max(r.UPDATE_RULE)),
	' on delete ', lower(max(r.DELETE_RULE))),
       0
FROM information_schema.REFERENTIAL_CONSTRAINTS AS r
JOIN information_schema.KEY_COLUMN_USAGE AS k
  ON k.CONSTRAINT_SCHEMA = r.CONSTRAINT_SCHEMA
 AND k.TABLE_NAME = r.TABLE_NAME
 AND k.CONSTRAINT_NAME = r.CONSTRAINT_NAME
WHERE r.CONSTRAINT_SCHEMA = DATABASE()
  AND k.TABLE_SCHEMA = DATABASE()
  AND k.REFERENCED_COLUMN_NAME IS NOT NULL
GROUP BY r.TABLE_NAME, r.CONSTRAINT_NAME, r.REFERENCED_TABLE_NAME;

-- checks; only mariadb
SELECT 'check', concat(c.TABLE_NAME, '.', c.CONSTRAINT_NAME),
       concat(lower(c.LEVEL), ' (', c.CHECK_CLAUSE, ')'), 0
FROM information_schema.CHECK_CONSTRAINTS AS c
WHERE c.CONSTRAINT_SCHEMA = DATABASE();

-- checks, since 8.0.16; only mysql, optional
SELECT 'check', concat(t.TABLE_NAME, '.', c.CONSTRAINT_NAME),
       concat('(', c.CHECK_CLAUSE, ')',
	      IF(t.ENFORCED = 'NO', ' not enforced', '')), 0
FROM information_schema.CHECK_CONSTRAINTS AS c
JOIN information_schema.TABLE_CONSTRAINTS AS t
  ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA
 AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME
WHERE c.CONSTRAINT_SCHEMA = DATABASE();

-- partitions
SELECT 'partition', concat_ws('.', p.TABLE_NAME, p.PARTITION_NAME,
			      p.SUBPARTITION_NAME),
       concat_ws(' ', p.PARTITION_ORDINAL_POSITION,
	lower(p.PARTITION_METHOD),
	concat('(', p.PARTITION_EXPRESSION, ')'),
	concat('values ', p.PARTITION_DESCRIPTION),
	concat('subpartition ', p.SUBPARTITION_ORDINAL_POSITION),
	lower(p.SUBPARTITION_METHOD),
	concat('(', p.SUBPARTITION_EXPRESSION, ')'),
	concat('comment ', nullif(quote(p.PARTITION_COMMENT), ''''''))),
       0
FROM information_schema.PARTITIONS AS p
WHERE p.TABLE_SCHEMA = DATABASE() AND p.PARTITION_NAME IS NOT NULL;

