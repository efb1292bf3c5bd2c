-- What ALTER DATABASE ... SET and ALTER ROLE ... IN DATABASE ... SET say here,
-- as options of a connection, in which a space and a backslash are escaped.
SELECT pg_catalog.string_agg(
	'-c ' || pg_catalog.regexp_replace(v, '([\\[:space:]])', '\\\1', 'g'),
	' ' ORDER BY s.setrole)
FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) v
WHERE s.setdatabase = (SELECT d.oid FROM pg_catalog.pg_database d
		       WHERE d.datname = pg_catalog.current_database())
  AND (s.setrole = 0 OR s.setrole = (SELECT r.oid FROM pg_catalog.pg_roles r
				     WHERE r.rolname = session_user))
