-- What the statements of measured.tsv and the scripts of witnessed.sql are
-- about, as the first migration of each database.

-- migrate: note "the tables that statements are tried on"
CREATE SCHEMA other;
CREATE SCHEMA app;
CREATE SEQUENCE sq;

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE comp AS (a integer, b text);
CREATE DOMAIN posint AS integer CONSTRAINT posint_check CHECK (value > 0);
CREATE DOMAIN freedom AS integer;

CREATE FUNCTION trf() RETURNS trigger LANGUAGE plpgsql
	AS 'BEGIN RETURN new; END';
CREATE FUNCTION sf() RETURNS integer LANGUAGE plpgsql STABLE
	AS 'BEGIN RETURN 7; END';
CREATE FUNCTION vf() RETURNS integer LANGUAGE plpgsql
	AS 'BEGIN RETURN 7; END';
CREATE FUNCTION iv() RETURNS integer LANGUAGE sql AS 'SELECT 7';

-- the one that most are about: six indexes, 2,000 rows
CREATE TABLE t (
	id integer PRIMARY KEY,
	a integer,
	b text,
	c varchar(50),
	ch char(10),
	si smallint,
	pid bigint,
	xid4 integer,
	oidc oid,
	r real,
	n numeric(10, 2),
	ts timestamp,
	tz timestamptz,
	ts3 timestamp(3),
	tm3 time(3),
	dt date,
	ip cidr,
	j json,
	jb jsonb,
	vb varbit(8),
	bit1 bit(8),
	d freedom,
	m mood,
	chk integer,
	nn integer NOT NULL DEFAULT 1,
	CONSTRAINT t_chkn CHECK (n >= 0)
);
INSERT INTO t
	SELECT g, g, 'b' || g, 'c' || g, 'ch', g % 100, g, g, g, g, g,
		timestamp '2024-01-01' + g * interval '1 hour',
		timestamptz '2024-01-01 00:00+00' + g * interval '1 hour',
		timestamp '2024-01-01', time '12:00', date '2024-01-01' + g,
		'10.0.0.0/8', '{}', '{}', '1010', '10101010', g, 'ok', g, 1
	FROM generate_series(1, 2000) AS g;
CREATE INDEX t_a_idx ON t (a);
CREATE INDEX t_b_idx ON t (b);
CREATE INDEX t_c_idx ON t (c);
CREATE UNIQUE INDEX t_pid_uidx ON t (pid);
CREATE INDEX t_ip_idx ON t (ip inet_ops);
ALTER TABLE t ADD CONSTRAINT t_chk_nv CHECK (chk IS NOT NULL) NOT VALID;
CREATE TRIGGER t_trg BEFORE UPDATE ON t
	FOR EACH ROW EXECUTE FUNCTION trf();
CREATE STATISTICS st1 ON a, si FROM t;
CREATE VIEW v AS SELECT id, a FROM t;
CREATE MATERIALIZED VIEW mv AS SELECT id, a FROM t;
CREATE UNIQUE INDEX mv_id ON mv (id);

-- referenced by three
CREATE TABLE parent (id bigint PRIMARY KEY, pint integer UNIQUE);
INSERT INTO parent SELECT g, g FROM generate_series(1, 2000) AS g;
CREATE TABLE child (
	id integer PRIMARY KEY,
	pid bigint CONSTRAINT child_pid_fk REFERENCES parent (id)
);
INSERT INTO child SELECT g, g % 1000 + 1 FROM generate_series(1, 2000) AS g;
CREATE TABLE child_nv (id integer PRIMARY KEY, pid bigint);
INSERT INTO child_nv
	SELECT g, g % 1000 + 1 FROM generate_series(1, 2000) AS g;
ALTER TABLE child_nv ADD CONSTRAINT child_nv_fk
	FOREIGN KEY (pid) REFERENCES parent (id) NOT VALID;
CREATE TABLE dropme (id integer PRIMARY KEY,
	pid bigint REFERENCES parent (id));

-- partitions: of `part` one is the default, `part2` has none
CREATE TABLE part (id integer NOT NULL, d date) PARTITION BY RANGE (d);
CREATE TABLE part_24 PARTITION OF part
	FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE part_def PARTITION OF part DEFAULT;
INSERT INTO part SELECT g, '2024-05-01' FROM generate_series(1, 2000) AS g;
INSERT INTO part SELECT g, '2020-05-01' FROM generate_series(1, 2000) AS g;
CREATE TABLE part2 (id integer, d date) PARTITION BY RANGE (d);
CREATE TABLE part2_24 PARTITION OF part2
	FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO part2 SELECT g, '2024-05-01' FROM generate_series(1, 100) AS g;
CREATE TABLE part_25 (id integer NOT NULL, d date);
INSERT INTO part_25 VALUES (1, '2025-05-01'), (2, '2025-06-01');
CREATE TABLE part_25c (id integer NOT NULL, d date NOT NULL,
	CHECK (d >= '2025-01-01' AND d < '2026-01-01'));
INSERT INTO part_25c VALUES (1, '2025-05-01'), (2, '2025-06-01');

CREATE TABLE inh (x integer);
CREATE TABLE inh_c (y integer) INHERITS (inh);
INSERT INTO inh_c VALUES (1, 1);

CREATE TABLE tcomp OF comp;
CREATE TABLE hascomp (id integer, c comp);
CREATE TABLE usedom (id integer, d posint);
INSERT INTO usedom VALUES (1, 1), (2, 2);

CREATE TABLE rls (id integer);
CREATE POLICY pol1 ON rls USING (true);

CREATE TABLE tb (id integer PRIMARY KEY, x integer);
INSERT INTO tb SELECT g, g FROM generate_series(1, 100) AS g;
CREATE RULE nothing AS ON DELETE TO tb DO INSTEAD NOTHING;
CREATE UNLOGGED TABLE ul (id integer PRIMARY KEY, x integer);
INSERT INTO ul SELECT g, g FROM generate_series(1, 100) AS g;
CREATE TABLE wc (id integer, x integer);
INSERT INTO wc SELECT g, g FROM generate_series(1, 2000) AS g;
CREATE INDEX wc_x ON wc (x);
CREATE TABLE nopk (id integer NOT NULL, x integer);
INSERT INTO nopk SELECT g, g FROM generate_series(1, 2000) AS g;
CREATE UNIQUE INDEX nopk_u ON nopk (id);
CREATE TABLE nopkn (id integer, x integer);
INSERT INTO nopkn SELECT g, g FROM generate_series(1, 2000) AS g;
CREATE UNIQUE INDEX nopkn_u ON nopkn (id);
CREATE TABLE ext (id integer);
CREATE TABLE validated (x integer, CONSTRAINT x_nn CHECK (x IS NOT NULL));
INSERT INTO validated SELECT g FROM generate_series(1, 2000) AS g;
CREATE TABLE idt (id integer NOT NULL);
INSERT INTO idt SELECT g FROM generate_series(1, 100) AS g;
CREATE TABLE gen (a integer PRIMARY KEY,
	g integer GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO gen SELECT g FROM generate_series(1, 100) AS g;
CREATE TABLE nn_nv (x integer);
INSERT INTO nn_nv VALUES (1), (2);
