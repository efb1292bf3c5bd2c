-- What is unique: 'p' or 'u', table, columns.
SELECT CASE WHEN i.indisprimary THEN 'p' ELSE 'u' END, i.indrelid,
       pg_catalog.string_agg(a.attname::text, E'\001' ORDER BY k.n),
       NULL, NULL, NULL
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::smallint[])
	WITH ORDINALITY k (attnum, n)
JOIN pg_catalog.pg_attribute a
  ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL
  AND i.indexprs IS NULL AND i.indrelid >= 16384
  {{110000 AND k.n <= i.indnkeyatts}{}}
GROUP BY i.indexrelid, i.indrelid, i.indisprimary;

-- What refers to what: 'f', table, columns, name, parent, its columns.
SELECT 'f', f.conrelid,
       (SELECT pg_catalog.string_agg(a.attname::text, E'\001' ORDER BY k.n)
	FROM pg_catalog.unnest(f.conkey) WITH ORDINALITY k (attnum, n)
	JOIN pg_catalog.pg_attribute a
	  ON a.attrelid = f.conrelid AND a.attnum = k.attnum),
       f.conname, f.confrelid,
       (SELECT pg_catalog.string_agg(a.attname::text, E'\001' ORDER BY k.n)
	FROM pg_catalog.unnest(f.confkey) WITH ORDINALITY k (attnum, n)
	JOIN pg_catalog.pg_attribute a
	  ON a.attrelid = f.confrelid AND a.attnum = k.attnum)
FROM pg_catalog.pg_constraint f
WHERE f.contype = 'f' AND f.conrelid >= 16384;

-- What values have to be: 'c', table, the condition, name; 'd' for the domain
-- of a column, with the column.
SELECT 'c', r.conrelid, pg_catalog.pg_get_expr(r.conbin, r.conrelid), r.conname,
       NULL, NULL
FROM pg_catalog.pg_constraint r
WHERE r.contype = 'c' AND r.conrelid >= 16384;

SELECT 'd', a.attrelid, pg_catalog.pg_get_constraintdef(r.oid), r.conname,
       a.attname, NULL
FROM pg_catalog.pg_constraint r
JOIN pg_catalog.pg_attribute a ON a.atttypid = r.contypid
WHERE r.contype = 'c' AND r.contypid <> 0 AND a.attrelid >= 16384
  AND NOT a.attisdropped;

-- Partitions: 'b', the one above, a bound, the name, its schema, its number.
{{100000 SELECT 'b', h.inhparent,
       coalesce(pg_catalog.pg_get_partition_constraintdef(c.oid), ''),
       c.relname, n.nspname, c.oid
FROM pg_catalog.pg_inherits h
JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relispartition
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')}{ SELECT NULL WHERE false}};
