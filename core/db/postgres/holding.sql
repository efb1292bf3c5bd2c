-- Which relations a process has locked, or asks for: $1 its number. Whether this
-- role sees what others do.
SELECT l.relation, l.mode, l.granted, n.nspname, c.relname, c.relkind,
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'), i.indrelid
FROM (VALUES (1)) one
LEFT JOIN pg_catalog.pg_locks l
  ON l.pid = $1::integer AND l.locktype = 'relation'
 AND l.relation >= 16384
LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
