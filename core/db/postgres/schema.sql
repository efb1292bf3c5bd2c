-- Where a ledger is: first what is on the search path, in its order. The first
-- column is where a new one would be made, `at_sight` whether the bare name
-- means this one, `chosen` whether the connection itself set the search path
-- (asked only where it matters, as it takes a while), `trusted` whether its
-- owner may say what we run: see session.c.
SELECT pg_catalog.current_schema(), l.nspname, l.place IS NOT NULL AS on_path,
       pg_catalog.pg_table_is_visible(l.oid) AS at_sight,
       CASE WHEN l.place IS NULL AND l.oid IS NOT NULL
	THEN (SELECT s.source = 'client' FROM pg_catalog.pg_settings s
	      WHERE s.name = 'search_path') END AS chosen,
       l.trusted, pg_catalog.pg_get_userbyid(l.relowner),
       pg_catalog.pg_backend_pid()
FROM (VALUES (1)) one
LEFT JOIN (
	SELECT c.oid, c.relowner, n.nspname,
	       pg_catalog.array_position(pg_catalog.current_schemas(false),
					 n.nspname) AS place,
	       c.relowner IN (d.datdba, n.nspowner)
	       OR r.rolsuper OR r.rolname = current_user
	       OR pg_catalog.current_setting('is_superuser') = 'off'
		  AND pg_catalog.pg_has_role(c.relowner, 'MEMBER') AS trusted
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
	JOIN pg_catalog.pg_database d
	  ON d.datname = pg_catalog.current_database()
	WHERE c.relname = 'git_migrations' AND c.relkind IN ('r', 'p')
	  AND c.relpersistence <> 't'
) l ON true
ORDER BY l.place, l.nspname
