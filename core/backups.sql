CREATE TABLE IF NOT EXISTS git_migrate_backups (
	id bigint NOT NULL PRIMARY KEY,
	path text NOT NULL,
	host text NOT NULL,
	bytes bigint NOT NULL,
	duration_ms double precision NOT NULL,
	checksum text NOT NULL,
	started_at text NOT NULL,
	taken_by text NOT NULL,
	program text NOT NULL,
	tool text NOT NULL,
	moment text NOT NULL,
	fingerprint text NOT NULL,
	contents text NOT NULL,
	verified_at text,
	verified_by text,
	verify_ms double precision,
	failure text
)
