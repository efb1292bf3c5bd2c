CREATE TABLE IF NOT EXISTS git_migrate_backups (
	id bigint NOT NULL PRIMARY KEY,
	path longtext NOT NULL,
	host longtext NOT NULL,
	bytes bigint NOT NULL,
	duration_ms double NOT NULL,
	checksum varchar(64) NOT NULL,
	started_at varchar(64) NOT NULL,
	taken_by longtext NOT NULL,
	program longtext NOT NULL,
	tool longtext NOT NULL,
	moment varchar(64) NOT NULL,
	fingerprint varchar(64) NOT NULL,
	contents longtext NOT NULL,
	verified_at varchar(64),
	verified_by longtext,
	verify_ms double,
	failure longtext
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
