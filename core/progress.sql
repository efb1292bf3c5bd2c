CREATE TABLE IF NOT EXISTS git_migrate_progress (
	version bigint NOT NULL PRIMARY KEY,
	done integer NOT NULL,
	digest text NOT NULL,
	started integer NOT NULL,
	witness text,
	position text,
	owner text NOT NULL,
	turn bigint NOT NULL
);
