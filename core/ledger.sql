CREATE TABLE IF NOT EXISTS git_migrations (
	version bigint NOT NULL PRIMARY KEY,
	name text NOT NULL,
	up_blob text NOT NULL,
	down_blob text NOT NULL,
	down_script text NOT NULL,
	commit_id text,
	source text NOT NULL,
	branch text,
	applied_at text NOT NULL,
	applied_by text NOT NULL,
	duration_ms double precision NOT NULL,
	state text NOT NULL,
	direction text NOT NULL,
	statements_done integer NOT NULL,
	statements_total integer NOT NULL,
	tool text NOT NULL
);
CREATE TABLE IF NOT EXISTS git_migrate_runs (
	id bigint NOT NULL PRIMARY KEY,
	version bigint NOT NULL,
	direction text NOT NULL,
	outcome text NOT NULL,
	started_at text NOT NULL,
	duration_ms double precision NOT NULL,
	facts text NOT NULL
);
CREATE TABLE IF NOT EXISTS git_migrate_meta (
	name text NOT NULL PRIMARY KEY,
	value text NOT NULL
);
INSERT INTO git_migrate_meta (name, value)
SELECT 'ledger_version', '1'
WHERE NOT EXISTS (SELECT 1 FROM git_migrate_meta WHERE name = 'ledger_version');
