CREATE TABLE IF NOT EXISTS git_migrations (
	version bigint NOT NULL PRIMARY KEY,
	name longtext NOT NULL,
	up_blob varchar(64) NOT NULL,
	down_blob varchar(64) NOT NULL,
	down_script longtext NOT NULL,
	commit_id varchar(64),
	source varchar(64) NOT NULL,
	branch longtext,
	applied_at varchar(64) NOT NULL,
	applied_by longtext NOT NULL,
	duration_ms double NOT NULL,
	state varchar(64) NOT NULL,
	direction varchar(64) NOT NULL,
	statements_done integer NOT NULL,
	statements_total integer NOT NULL,
	tool longtext NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS git_migrate_runs (
	id bigint NOT NULL PRIMARY KEY,
	version bigint NOT NULL,
	direction varchar(64) NOT NULL,
	outcome varchar(64) NOT NULL,
	started_at varchar(64) NOT NULL,
	duration_ms double NOT NULL,
	facts longtext NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS git_migrate_meta (
	name varchar(64) NOT NULL PRIMARY KEY,
	value longtext NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO git_migrate_meta (name, value)
SELECT 'ledger_version', '1' FROM DUAL
WHERE NOT EXISTS (SELECT 1 FROM git_migrate_meta WHERE name = 'ledger_version');
