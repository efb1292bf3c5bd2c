-- By which columns the rows of table $1 (as written in a script) can be walked
-- through: its primary key, or the column $2. Each with whether it has a value
-- in every row, quoted, an expression of its value as a literal, and whether an
-- index is in its order. One row of nulls when the table has no such columns,
-- none when there is no such table. A time is written by JSON's rules: as text
-- it depends on the session's settings, and may not be read as it was written.
SELECT a.attname, a.attnotnull, pg_catalog.quote_ident(a.attname),
       pg_catalog.replace(
	CASE WHEN y.typcategory = 'D'
	THEN 'pg_catalog.quote_literal(pg_catalog.to_json(*)'
	     ' OPERATOR(pg_catalog.#>>) ''{}'')'
	ELSE 'pg_catalog.quote_literal(*::pg_catalog.text)'
	END, '*', pg_catalog.quote_ident(a.attname)),
       t.wanted IS NULL OR EXISTS (
	SELECT
	FROM pg_catalog.pg_index i
	JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
	JOIN pg_catalog.pg_am m ON m.oid = c.relam
	WHERE i.indrelid = t.oid AND i.indisvalid AND i.indpred IS NULL
	  AND i.indkey[0] = a.attnum AND m.amname = 'btree'
	  AND i.indcollation[0] = a.attcollation)
FROM (SELECT pg_catalog.to_regclass($1) AS oid,
	     $2::pg_catalog.text AS wanted) t
LEFT JOIN pg_catalog.pg_index k ON k.indrelid = t.oid AND k.indisprimary
LEFT JOIN pg_catalog.pg_attribute a
  ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
 AND CASE WHEN t.wanted IS NULL
     THEN pg_catalog.array_position(k.indkey::pg_catalog.int2[], a.attnum)
	  < k.indnkeyatts
     ELSE a.attname = t.wanted
     END
LEFT JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
WHERE t.oid IS NOT NULL
ORDER BY pg_catalog.array_position(k.indkey::pg_catalog.int2[], a.attnum)
