-- Scratch databases that nobody holds: no session has the lock on the name,
-- and none is connected.
SELECT d.datname
FROM pg_catalog.pg_database d
WHERE d.datname LIKE 'git\_migrate\_scratch\_%'
  AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (
	SELECT FROM pg_catalog.pg_locks l
	WHERE l.locktype = 'advisory'
	  AND l.classid::bigint = 1734964339
	  AND l.objid::bigint
	      = pg_catalog.hashtext(d.datname)::bigint & 4294967295
	  AND l.objsubid = 2)
  AND NOT EXISTS (
	SELECT FROM pg_catalog.pg_stat_activity a
	WHERE a.datname = d.datname)
