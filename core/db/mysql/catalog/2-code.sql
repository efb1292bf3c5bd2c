-- views; the server writes the database before every name
SELECT 'view', v.TABLE_NAME,
       concat_ws(' ',
	/*M!100100 concat('algorithm ', lower(v.ALGORITHM)), */
	concat('definer ', nullif(v.DEFINER, CURRENT_USER())),
	'security', lower(v.SECURITY_TYPE),
	'as', replace(v.VIEW_DEFINITION,
		      concat('`', replace(DATABASE(), '`', '``'), '`.'), ''),
	concat('check option ', nullif(lower(v.CHECK_OPTION), 'none')),
	'collate', v.COLLATION_CONNECTION),
       0
FROM information_schema.VIEWS AS v
WHERE v.TABLE_SCHEMA = DATABASE();

-- triggers
SELECT 'trigger', concat(t.EVENT_OBJECT_TABLE, '.', t.TRIGGER_NAME),
       concat_ws(' ', lower(t.ACTION_TIMING), lower(t.EVENT_MANIPULATION),
	'number', t.ACTION_ORDER,
	concat('definer ', nullif(t.DEFINER, CURRENT_USER())),
	'sql_mode', quote(t.SQL_MODE), 'collate', t.COLLATION_CONNECTION,
	t.ACTION_STATEMENT),
       0
FROM information_schema.TRIGGERS AS t
WHERE t.TRIGGER_SCHEMA = DATABASE();

-- procedures and functions
SELECT lower(r.ROUTINE_TYPE), r.ROUTINE_NAME,
       concat_ws(' ',
	concat('(', coalesce((
		SELECT group_concat(concat_ws(' ', lower(p.PARAMETER_MODE),
					      p.PARAMETER_NAME, p.DTD_IDENTIFIER)
				    ORDER BY p.ORDINAL_POSITION SEPARATOR ', ')
		FROM information_schema.PARAMETERS AS p
		WHERE p.SPECIFIC_SCHEMA = r.ROUTINE_SCHEMA
		  AND p.SPECIFIC_NAME = r.SPECIFIC_NAME
		  AND p.ROUTINE_TYPE = r.ROUTINE_TYPE
		  AND p.ORDINAL_POSITION > 0), ''), ')'),
	concat('returns ', nullif(r.DTD_IDENTIFIER, '')),
	IF(r.IS_DETERMINISTIC = 'YES', 'deterministic', NULL),
	lower(r.SQL_DATA_ACCESS),
	'security', lower(r.SECURITY_TYPE),
	concat('definer ', nullif(r.DEFINER, CURRENT_USER())),
	'sql_mode', quote(r.SQL_MODE), 'collate', r.COLLATION_CONNECTION,
	concat('comment ', nullif(quote(r.ROUTINE_COMMENT), '''''')),
	r.ROUTINE_DEFINITION),
       0
FROM information_schema.ROUTINES AS r
WHERE r.ROUTINE_SCHEMA = DATABASE();

-- events; what was not said when it starts has it from when it was made, also
-- in a copy that is made later
SELECT 'event', e.EVENT_NAME,
       concat_ws(' ', lower(e.EVENT_TYPE),
	concat('at ', e.EXECUTE_AT),
	concat('every ', e.INTERVAL_VALUE, ' ', lower(e.INTERVAL_FIELD)),
	concat('starts ', IF(e.STARTS <= e.CREATED, NULL, e.STARTS)),
	concat('ends ', e.ENDS),
	lower(e.STATUS), 'on completion', lower(e.ON_COMPLETION),
	concat('definer ', nullif(e.DEFINER, CURRENT_USER())),
	'time zone', e.TIME_ZONE,
	'sql_mode', quote(e.SQL_MODE), 'collate', e.COLLATION_CONNECTION,
	concat('comment ', nullif(quote(e.EVENT_COMMENT), '''''')),
	e.EVENT_DEFINITION),
       0
FROM information_schema.EVENTS AS e
WHERE e.EVENT_SCHEMA = DATABASE();

