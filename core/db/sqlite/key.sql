-- By which columns the rows of table $1 in schema $2 can be walked through: its
-- primary key, or the column $3. Each with whether a row may have no value, and
-- whether an index is in its order. A primary key may have NULL in it here, but
-- for that which is the rowid and that of a table without one; then, and when
-- there is none, it is the rowid, under a name that is no column's.
WITH wanted (tbl, sch, col) AS (SELECT $1, $2, $3),
t AS (
	SELECT l.name, l.schema, l.wr, w.col
	FROM wanted w JOIN pragma_table_list(w.tbl) l
	  ON l.schema = w.sch AND l.type = 'table'
), c AS (
	SELECT i.name, i.pk,
	       i.pk > 0 AND (t.wr OR upper(i.type) = 'INTEGER'
		AND NOT EXISTS (
			SELECT 1 FROM pragma_index_list(t.name, t.schema)
			WHERE origin = 'pk')) AS certain,
	       i."notnull" AS filled
	FROM t JOIN pragma_table_info(t.name, t.schema) i
), chosen (name, pk, empty, indexed) AS (
	SELECT name, pk, 0, 1
	FROM c
	WHERE pk > 0 AND (SELECT col FROM t) IS NULL
	  AND NOT EXISTS (
		SELECT 1 FROM c WHERE pk > 0 AND NOT certain AND NOT filled)
	UNION ALL
	SELECT name, 0, NOT (certain OR filled),
	       pk = 1 AND certain OR EXISTS (
		SELECT 1
		FROM t JOIN pragma_index_list(t.name, t.schema) l
		JOIN pragma_index_info(l.name) x
		WHERE l.partial = 0 AND x.seqno = 0 AND x.name = c.name)
	FROM c
	WHERE lower(name) = lower((SELECT col FROM t))
), alias (name) AS (
	SELECT n.column1
	FROM (VALUES ('rowid'), ('_rowid_'), ('oid')) n
	WHERE NOT EXISTS (SELECT 1 FROM c WHERE lower(c.name) = n.column1)
	LIMIT 1
)
SELECT name, empty, indexed FROM (
	SELECT name, empty, indexed, pk FROM chosen
	UNION ALL
	SELECT (SELECT name FROM alias), 0, 1, 0
	FROM t
	WHERE col IS NULL AND NOT wr AND NOT EXISTS (SELECT 1 FROM chosen)
	UNION ALL
	SELECT NULL, 0, 0, 0
	FROM t
	WHERE col IS NOT NULL AND NOT EXISTS (SELECT 1 FROM chosen)
)
ORDER BY pk
