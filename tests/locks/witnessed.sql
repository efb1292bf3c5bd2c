-- Scripts whose locks, rewrites, scans and rows others look at as well; how they
-- are written down, and what is compared, is said in witnessed.py.

--- do-ddl
DO $$ BEGIN
	ALTER TABLE t ADD COLUMN z integer;
	CREATE INDEX z_idx ON t (z);
	PERFORM count(*) FROM child;
END $$;
--- do-rewrites
DO $$ BEGIN
	EXECUTE 'ALTER TABLE wc ALTER COLUMN x TYPE bigint';
	EXECUTE 'TRUNCATE tb';
	UPDATE nopk SET x = x + 1 WHERE id <= 10;
END $$;
--- do-index-alone
DO 'BEGIN ALTER INDEX t_a_idx SET TABLESPACE pg_default; END';
--- do-reindexes
DO 'BEGIN REINDEX INDEX t_a_idx; END';
--- do-drops
DO 'BEGIN DROP TABLE child; DROP VIEW v; END';
--- do-loop-over-tables
DO $$ DECLARE r record; BEGIN
	FOR r IN SELECT relname FROM pg_class
			WHERE relname IN ('tb', 'wc', 'nopk') ORDER BY relname LOOP
		EXECUTE format('ALTER TABLE %I ADD COLUMN z integer', r.relname);
	END LOOP;
END $$;
--- function-that-does-ddl
--- before: CREATE FUNCTION widen() RETURNS void LANGUAGE plpgsql AS 'BEGIN ALTER TABLE nopk ALTER COLUMN x TYPE bigint; DROP TABLE wc; END'
SELECT widen();
--- procedure-that-does-ddl
--- before: CREATE PROCEDURE tidy() LANGUAGE plpgsql AS 'BEGIN DELETE FROM child WHERE id > 1000; ALTER TABLE ul SET LOGGED; END'
CALL tidy();
--- trigger-that-does-ddl
--- before: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DROP TABLE IF EXISTS wc''; EXECUTE ''REINDEX TABLE nopk''; RETURN NULL; END'
--- before: CREATE TRIGGER f AFTER INSERT ON idt EXECUTE FUNCTION f()
INSERT INTO idt VALUES (1000);
--- exception-block-that-succeeds
DO $$ BEGIN
	BEGIN
		ALTER TABLE tb ADD COLUMN z integer;
	EXCEPTION WHEN undefined_table THEN NULL;
	END;
END $$;
--- exception-block-that-fails
--- differs: tb: [0, 0, 0, 0, 0, 0, 0] of it told, [0, 0, 0, 0, 10, 0, 0] through psql
--- because: the server counts rows that were taken back; their table's lock is let go
DO $$ BEGIN
	BEGIN
		LOCK TABLE wc IN EXCLUSIVE MODE;
		INSERT INTO tb SELECT g, g FROM generate_series(1001, 1010) g;
		RAISE EXCEPTION 'no';
	EXCEPTION WHEN raise_exception THEN
		UPDATE nopk SET x = 0 WHERE id = 1;
	END;
END $$;
--- savepoint-rolled-back
BEGIN;
ALTER TABLE nopk ADD COLUMN z integer;
SAVEPOINT s;
ALTER TABLE wc ADD COLUMN z integer;
ROLLBACK TO SAVEPOINT s;
ALTER TABLE tb ADD COLUMN z integer;
COMMIT;
--- savepoint-released
BEGIN;
SAVEPOINT s;
ALTER TABLE wc ADD COLUMN z float DEFAULT random();
RELEASE SAVEPOINT s;
DELETE FROM idt WHERE id < 10;
COMMIT;
--- savepoint-taken-again
BEGIN;
SAVEPOINT s;
LOCK TABLE wc IN SHARE MODE;
ROLLBACK TO SAVEPOINT s;
LOCK TABLE wc IN ROW EXCLUSIVE MODE;
COMMIT;
--- foreign-keys-to-two
CREATE TABLE link (p bigint REFERENCES parent, q integer REFERENCES tb);
--- foreign-keys-in-both-directions
ALTER TABLE nopk ADD CONSTRAINT nopk_wc FOREIGN KEY (id) REFERENCES gen (a) NOT VALID,
	ADD CONSTRAINT nopk_tb FOREIGN KEY (x) REFERENCES tb (id) NOT VALID;
--- foreign-key-to-partitioned
--- before: CREATE TABLE pk (id integer PRIMARY KEY) PARTITION BY RANGE (id)
--- before: CREATE TABLE pk1 PARTITION OF pk FOR VALUES FROM (0) TO (1000)
--- before: CREATE TABLE pk2 PARTITION OF pk FOR VALUES FROM (1000) TO (3000)
--- before: INSERT INTO pk SELECT g FROM generate_series(0, 2500) g
ALTER TABLE wc ADD FOREIGN KEY (id) REFERENCES pk (id);
--- cascade-that-deletes
--- before: CREATE TABLE orders (id bigint PRIMARY KEY)
--- before: CREATE TABLE lines (o bigint REFERENCES orders ON DELETE CASCADE, n integer)
--- before: INSERT INTO orders SELECT g FROM generate_series(1, 100) g
--- before: INSERT INTO lines SELECT g % 100 + 1, g FROM generate_series(1, 500) g
DELETE FROM orders WHERE id <= 10;
--- cascade-that-updates
--- before: CREATE TABLE orders (id bigint PRIMARY KEY)
--- before: CREATE TABLE lines (o bigint REFERENCES orders ON UPDATE CASCADE)
--- before: INSERT INTO orders VALUES (1), (2)
--- before: INSERT INTO lines VALUES (1), (1), (2)
UPDATE orders SET id = id + 10;
--- trigger-that-writes-elsewhere
--- before: CREATE TABLE audit (what text)
--- before: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (tg_op); UPDATE idt SET id = id WHERE id = 5; RETURN NULL; END'
--- before: CREATE TRIGGER f AFTER UPDATE ON nopk FOR EACH ROW EXECUTE FUNCTION f()
UPDATE nopk SET x = 1 WHERE id <= 3;
--- deferred-constraint-trigger
--- before: CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON idt DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trf()
INSERT INTO idt VALUES (1001), (1002);
SET CONSTRAINTS ALL IMMEDIATE;
--- rule-that-writes-elsewhere
--- before: CREATE RULE also AS ON INSERT TO idt DO ALSO INSERT INTO nopkn VALUES (new.id + 10000, 0)
INSERT INTO idt VALUES (7), (8);
--- view-that-is-updated
UPDATE v SET a = 0 WHERE id <= 4;
--- create-table-as-join
CREATE TABLE n AS SELECT c.id, p.pint FROM child c JOIN parent p ON p.id = c.pid;
ALTER TABLE n ADD PRIMARY KEY (id);
--- select-into
SELECT id, x INTO n FROM wc WHERE x % 2 = 0;
--- merge-three-ways
MERGE INTO nopk USING (SELECT g AS id FROM generate_series(1991, 2010) g) s
	ON nopk.id = s.id
	WHEN MATCHED AND nopk.id > 1995 THEN UPDATE SET x = 0
	WHEN MATCHED THEN DELETE
	WHEN NOT MATCHED THEN INSERT VALUES (s.id, 0);
--- insert-on-conflict
INSERT INTO gen VALUES (50), (5000) ON CONFLICT (a) DO UPDATE SET a = gen.a + 9000;
--- update-from-two
UPDATE child SET pid = t.a % 1000 + 1 FROM t, parent
	WHERE t.id = child.id AND parent.id = t.id AND child.id < 20;
--- with-that-writes
WITH gone AS (DELETE FROM idt WHERE id <= 20 RETURNING id)
	INSERT INTO ext SELECT id FROM gone;
--- matview-of-a-matview
--- before: CREATE MATERIALIZED VIEW mv2 AS SELECT count(*) FROM mv
REFRESH MATERIALIZED VIEW mv;
REFRESH MATERIALIZED VIEW mv2;
--- view-of-a-view-dropped
--- before: CREATE VIEW vv AS SELECT v.id, c.pid FROM v JOIN child c USING (id)
DROP VIEW v CASCADE;
--- partitions-of-partitions
--- before: CREATE TABLE deep (a integer, b integer) PARTITION BY LIST (a)
--- before: CREATE TABLE deep1 PARTITION OF deep FOR VALUES IN (1) PARTITION BY LIST (b)
--- before: CREATE TABLE deep11 PARTITION OF deep1 FOR VALUES IN (1)
--- before: CREATE TABLE deep12 PARTITION OF deep1 DEFAULT
--- before: INSERT INTO deep SELECT 1, g % 3 FROM generate_series(1, 300) g
ALTER TABLE deep ADD COLUMN c float DEFAULT random();
CREATE INDEX deep_b ON deep (b);
--- partition-key-updated
UPDATE part SET d = '2024-07-01' WHERE id <= 5;
--- partition-detached-and-dropped
ALTER TABLE part DETACH PARTITION part_24;
DROP TABLE part_24;
--- partition-split-by-hand
ALTER TABLE part DETACH PARTITION part_24;
CREATE TABLE part_24a PARTITION OF part FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE part_24b PARTITION OF part FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
INSERT INTO part SELECT * FROM part_24;
DROP TABLE part_24;
--- inherited-column
ALTER TABLE inh ADD COLUMN z integer NOT NULL DEFAULT 1;
ALTER TABLE ONLY inh ALTER COLUMN x SET DEFAULT 4;
--- event-trigger-that-writes
--- before: CREATE TABLE ddl_log (tag text)
--- before: CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ddl_log SELECT command_tag FROM pg_event_trigger_ddl_commands(); END'
--- before: CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted()
ALTER TABLE tb ADD COLUMN z integer;
CREATE TABLE n (x integer PRIMARY KEY);
--- event-trigger-itself
CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION e();
DROP TABLE idt;
DROP EVENT TRIGGER e;
--- alter-many-subcommands
ALTER TABLE t ALTER COLUMN a TYPE bigint, DROP COLUMN jb, ALTER COLUMN si SET NOT NULL,
	ADD CONSTRAINT k CHECK (nn > 0), ADD CONSTRAINT u UNIQUE (si, a);
--- before: DROP MATERIALIZED VIEW mv
--- before: DROP VIEW v
--- alter-many-light-subcommands
ALTER TABLE t SET (fillfactor = 90), ALTER COLUMN a SET STATISTICS 10, VALIDATE CONSTRAINT t_chk_nv;
--- truncate-several
TRUNCATE tb, wc, ONLY inh;
--- truncate-what-was-filled
--- differs: tb: [1, 1, 0, 1, 11, 0, 0] of it told, [1, 1, 0, 1, 1, 0, 0] through psql
--- because: the server forgets the rows that are truncated; each statement is told its own
INSERT INTO tb SELECT g, g FROM generate_series(1001, 1010) g;
TRUNCATE tb;
INSERT INTO tb VALUES (1, 1);
--- domain-with-two-tables
--- before: CREATE TABLE usedom2 (d posint, e posint)
--- before: INSERT INTO usedom2 SELECT g, g FROM generate_series(1, 50) g
ALTER DOMAIN posint ADD CONSTRAINT small CHECK (value < 1000);
ALTER DOMAIN posint SET DEFAULT 1;
--- composite-type-changed
ALTER TYPE comp ADD ATTRIBUTE c integer CASCADE, DROP ATTRIBUTE a CASCADE;
--- enum-replaced
--- before: DROP MATERIALIZED VIEW mv
CREATE TYPE mood2 AS ENUM ('sad', 'ok', 'happy', 'fine');
ALTER TABLE t ALTER COLUMN m TYPE mood2 USING m::text::mood2;
DROP TYPE mood;
--- extension-and-what-uses-it
CREATE EXTENSION pg_trgm;
CREATE INDEX t_b_trgm ON t USING gin (b gin_trgm_ops);
--- extension-dropped
--- before: CREATE EXTENSION pg_trgm
--- before: CREATE INDEX t_b_trgm ON t USING gin (b gin_trgm_ops)
DROP EXTENSION pg_trgm CASCADE;
--- drop-owned
--- before: DO 'BEGIN CREATE ROLE someone; EXCEPTION WHEN duplicate_object THEN END'
--- before: ALTER TABLE wc OWNER TO someone
--- before: GRANT SELECT ON tb TO someone
DROP OWNED BY someone CASCADE;
--- reassign-owned
--- before: DO 'BEGIN CREATE ROLE somebody; EXCEPTION WHEN duplicate_object THEN END'
--- before: ALTER TABLE wc OWNER TO somebody
--- before: ALTER SEQUENCE sq OWNER TO somebody
REASSIGN OWNED BY somebody TO postgres;
DROP OWNED BY somebody;
--- import-foreign-schema
--- before: CREATE EXTENSION postgres_fdw
--- before: CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw
CREATE FOREIGN TABLE far (id integer) SERVER there;
ALTER FOREIGN TABLE far ADD COLUMN x integer;
ALTER SERVER there OPTIONS (ADD dbname 'postgres');
--- foreign-table-altered
--- before: CREATE EXTENSION file_fdw
--- before: CREATE SERVER files FOREIGN DATA WRAPPER file_fdw
--- before: CREATE FOREIGN TABLE passwd (line text) SERVER files OPTIONS (filename '/dev/null')
SELECT count(*) FROM passwd;
ALTER FOREIGN TABLE passwd OPTIONS (ADD format 'csv');
--- lock-upwards
LOCK TABLE tb IN ROW SHARE MODE;
LOCK TABLE tb IN ROW EXCLUSIVE MODE;
LOCK TABLE tb IN SHARE UPDATE EXCLUSIVE MODE;
LOCK TABLE tb IN SHARE MODE;
LOCK TABLE tb IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE tb IN EXCLUSIVE MODE;
LOCK TABLE tb IN ACCESS EXCLUSIVE MODE;
--- lock-a-view
LOCK TABLE v IN SHARE MODE;
--- lock-with-children
LOCK TABLE part, inh IN SHARE ROW EXCLUSIVE MODE;
--- row-locks
SELECT * FROM tb WHERE id = 1 FOR UPDATE;
SELECT * FROM nopk WHERE id = 1 FOR KEY SHARE;
SELECT * FROM child c JOIN parent p ON p.id = c.pid WHERE c.id = 7 FOR SHARE OF p;
--- cursor-and-prepared
PREPARE q AS UPDATE idt SET id = id WHERE id = $1;
EXECUTE q (3);
DECLARE c CURSOR FOR SELECT * FROM wc;
FETCH 10 FROM c;
CLOSE c;
--- copy-in
COPY idt FROM stdin;
2001
2002
\.
--- copy-out-of-a-query
COPY (SELECT * FROM wc WHERE id < 10) TO '/dev/null';
--- temporary-table
CREATE TEMPORARY TABLE tmp AS SELECT * FROM wc;
UPDATE nopk SET x = tmp.x FROM tmp WHERE tmp.id = nopk.id AND tmp.id < 4;
DROP TABLE tmp;
--- table-swapped
--- differs: told, but not held: tb_new:AE
--- because: it was called so when it was locked, and tb when psql could see it
CREATE TABLE tb_new (LIKE tb INCLUDING ALL);
INSERT INTO tb_new SELECT * FROM tb;
ALTER TABLE tb RENAME TO tb_old;
ALTER TABLE tb_new RENAME TO tb;
DROP TABLE tb_old;
--- dropped-and-made-again
DROP TABLE idt;
CREATE TABLE idt (id bigint);
INSERT INTO idt VALUES (1);
--- schema-dropped-with-tables
--- before: CREATE TABLE other.one (id integer PRIMARY KEY)
--- before: CREATE TABLE other.two (id integer REFERENCES other.one, p bigint REFERENCES parent)
DROP SCHEMA other CASCADE;
--- sequence-owned
--- before: CREATE TABLE ser (id serial PRIMARY KEY)
--- before: INSERT INTO ser SELECT FROM generate_series(1, 10)
ALTER SEQUENCE ser_id_seq AS bigint;
ALTER TABLE ser ALTER COLUMN id TYPE bigint;
TRUNCATE ser RESTART IDENTITY;
--- identity-added
ALTER TABLE idt ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;
SELECT setval(pg_get_serial_sequence('idt', 'id'), 100);
INSERT INTO idt DEFAULT VALUES;
--- policies-and-grants
ALTER TABLE rls ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p3 ON rls USING (EXISTS (SELECT FROM tb WHERE tb.id = rls.id));
GRANT SELECT ON ALL TABLES IN SCHEMA public TO public;
--- index-renamed-alone
ALTER INDEX t_a_idx RENAME TO t_a;
ALTER TABLE t_b_idx RENAME TO t_b;
--- index-attached-and-dropped
--- differs: part_24: [0, 0, 1, 1, 0, 0, 0] of it told, [0, 0, 0, 1, 0, 0, 0] through psql
--- because: an index that was built, and dropped later on, cannot be seen at the end
CREATE INDEX part_id ON ONLY part (id);
CREATE INDEX part_24_id ON part_24 (id);
ALTER INDEX part_id ATTACH PARTITION part_24_id;
DROP INDEX part_id;
--- cluster-and-analyze
CLUSTER nopk USING nopk_u;
ANALYZE nopk;
--- reindex-twice
REINDEX TABLE tb;
REINDEX INDEX wc_x;
--- set-without-and-with-logging
ALTER TABLE ul SET LOGGED;
ALTER TABLE tb SET UNLOGGED;
--- publications
CREATE PUBLICATION p FOR TABLE tb, wc;
ALTER PUBLICATION p DROP TABLE wc;
ALTER PUBLICATION p ADD TABLE parent;
--- comments-everywhere
COMMENT ON COLUMN tb.x IS 'x';
COMMENT ON INDEX t_a_idx IS 'x';
COMMENT ON CONSTRAINT t_chkn ON t IS 'x';
COMMENT ON VIEW v IS 'x';
--- large-read-with-parallel-workers
--- differs: big: [0, 0, 0, 1, 0, 0, 0] of it told, [0, 0, 0, 3, 0, 0, 0] through psql
--- because: it was read once; each of three processes counts its part of that as a scan
--- before: CREATE TABLE big AS SELECT g AS id FROM generate_series(1, 200000) g
--- before: ANALYZE big
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SELECT count(*) FROM big WHERE id % 7 = 0;
--- many-inserts
INSERT INTO idt VALUES (3001);
INSERT INTO idt VALUES (3002);
INSERT INTO tb VALUES (3002, 1);
INSERT INTO idt VALUES (3003);
--- outside-create-index-concurrently
--- outside
--- other: BEGIN
--- other: INSERT INTO wc VALUES (0, 0)
CREATE INDEX CONCURRENTLY wc_id ON wc (id);
--- outside-unique-index-concurrently
--- outside
--- before: CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN $1; END'
CREATE UNIQUE INDEX CONCURRENTLY wc_slow ON wc (slow(id));
--- outside-drop-index-concurrently
--- outside
--- other: BEGIN
--- other: INSERT INTO wc VALUES (0, 0)
DROP INDEX CONCURRENTLY wc_x;
--- outside-reindex-table-concurrently
--- outside
--- other: BEGIN
--- other: INSERT INTO tb VALUES (0, 0)
REINDEX TABLE CONCURRENTLY tb;
--- outside-reindex-index-concurrently
--- outside
--- other: BEGIN
--- other: INSERT INTO wc VALUES (0, 0)
REINDEX INDEX CONCURRENTLY wc_x;
--- outside-vacuum-full
--- outside
--- before: CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN $1; END'
--- before: CREATE INDEX wc_slow ON wc (slow(id))
VACUUM FULL wc;
--- outside-vacuum-analyze
--- outside
--- before: CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN $1; END'
--- before: CREATE INDEX wc_slow ON wc (slow(id))
VACUUM ANALYZE wc;
--- outside-cluster-all
--- outside
--- before: CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN $1; END'
--- before: CREATE INDEX wc_slow ON wc (slow(id))
--- before: ALTER TABLE wc CLUSTER ON wc_x
CLUSTER;
--- outside-detach-concurrently
--- outside
--- other: BEGIN
--- other: SELECT count(*) FROM part2
ALTER TABLE part2 DETACH PARTITION part2_24 CONCURRENTLY;
--- outside-reindex-schema
--- outside
--- before: CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN $1; END'
--- before: CREATE TABLE app.one (id integer PRIMARY KEY)
--- before: INSERT INTO app.one VALUES (1), (2)
--- before: CREATE INDEX one_slow ON app.one (slow(id))
REINDEX SCHEMA app;
