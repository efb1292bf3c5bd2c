#include "core/db/postgres/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/db/program.h"

/*
 * pg_dump reads from the snapshot of a transaction of ours, in which catalog
 * and rows are looked at meanwhile: all three are of one moment, whoever writes
 * at the same time. The transaction has a connection of its own.
 */

#define PACKAGE "postgresql-client"

/* What a process may be given on its command line: all but the secrets. */
static char *connection_string(TALLOC_CTX *mem, const struct pg_url *url)
{
	char *text = talloc_strdup(mem,
				   "fallback_application_name='git-migrate'");

	for (int i = 0; i < url->count; i++) {
		if (!strcmp(url->keys[i], "password") ||
		    !strcmp(url->keys[i], "sslpassword"))
			continue;
		text = talloc_asprintf_append_buffer(text, " %s='",
						     url->keys[i]);
		for (const char *c = url->values[i]; *c; c++)
			text = talloc_asprintf_append_buffer(
				text, "%s%c",
				*c == '\'' || *c == '\\' ? "\\" : "", *c);
		text = talloc_strdup_append_buffer(text, "'");
	}
	return text;
}

/* A password of the URL goes along in the environment. */
static const char **environment(TALLOC_CTX *mem, const struct pg_url *url)
{
	const char **env = talloc_zero_array(mem, const char *, 3);
	const char *password = pg_url_get(url, "password");
	size_t count = 0;

	if (password)
		env[count++] = talloc_asprintf(mem, "PGPASSWORD=%s", password);
	env[count] = "LC_ALL=C";
	return env;
}

/* --- out ------------------------------------------------------------------ */

static int take_text(const char *const *values, int count, void *data)
{
	(void)count;
	*(char **)data = talloc_strdup(NULL, values[0]);
	return 0;
}

static int begin_look(struct pg *beside, char **name, struct error *err)
{
	const struct pg_statement export = {
		.sql = "SELECT pg_catalog.pg_export_snapshot()",
		.row = take_text,
		.data = name,
	};

	if (pg_send_sql(beside, PG_BEGIN_LOOK, err) < 0 ||
	    pg_send_sql(beside,
			"SET LOCAL idle_in_transaction_session_timeout TO 0",
			err) < 0)
		return -1;
	return pg_run(beside, &export, err);
}

static int start_dump(TALLOC_CTX *mem, const struct pg *pg,
		      const char *snapshot, const char *path,
		      struct process **process, struct error *err)
{
	const char *argv[] = {
		"pg_dump",
		"--format=custom",
		"--no-password",
		talloc_asprintf(mem, "--snapshot=%s", snapshot),
		talloc_asprintf(mem, "--lock-wait-timeout=%d",
				pg->db.options.wait_ms),
		talloc_asprintf(mem, "--file=%s", path),
		"-d",
		connection_string(mem, &pg->url),
		NULL,
	};

	return program_start(mem, argv, environment(mem, &pg->url), false,
			     process, err);
}

/* What a pg_dump that is too old says is clear to those who know it. */
static int explain(const struct pg *pg, const char *version,
		   const char *complaint, struct error *err)
{
	if (!complaint || !strstr(complaint, "server version mismatch"))
		return error_prefix(err, "unable to back up '%s'",
				    pg->db.label);
	error_release(err);
	error_set(err, ERROR_FAILED,
		  "unable to back up '%s': the server is PostgreSQL %s, and %s "
		  "is too old for it",
		  pg->db.label, pg->db.server_version, version);
	return error_hint(err,
			  "install one that is not older than the server "
			  "(Debian package: " PACKAGE "-%d)",
			  pg->db.major);
}

static int look(TALLOC_CTX *mem, struct pg *beside,
		struct db_snapshot *snapshot, struct error *err)
{
	struct catalog *catalog = catalog_new(mem);

	if (pg_catalog_send(beside, catalog, err) < 0 ||
	    pg_sync(beside, err) < 0)
		return -1;
	/* pg_dump leaves them to CREATE DATABASE */
	catalog_remove(catalog, "setting");
	catalog_sort(catalog);
	snapshot->catalog = catalog;
	return pg_contents_inside(mem, beside, &snapshot->contents, err);
}

static int dump_and_look(TALLOC_CTX *mem, struct pg *pg, struct pg *beside,
			 const char *path, struct db_snapshot *snapshot,
			 struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char *name = NULL, *complaint = NULL, *version;
	struct process *process;
	int result = -1;

	if (program_version(turn, "pg_dump", PACKAGE, &version, err) < 0 ||
	    begin_look(beside, &name, err) < 0 ||
	    start_dump(turn, pg, name, path, &process, err) < 0)
		goto out;
	snapshot->program = talloc_strdup(mem, version);
	pg_row_wait_begin_ours(beside);
	result = pg_row_wait_end_ours(beside, look(mem, beside, snapshot, err),
				      err);
	if (result < 0) {
		process_stop(process);
	} else {
		result = program_finish(turn, &pg->db, process, "pg_dump", -1,
					0, &complaint, err);
		if (result < 0 && err->code == ERROR_FAILED)
			explain(pg, version, complaint, err);
	}
out:
	talloc_free(name);
	talloc_free(turn);
	return result;
}

int pg_backup(TALLOC_CTX *mem, struct db *db, const char *path,
	      struct db_snapshot *snapshot, struct error *err)
{
	struct pg *pg = pg_of(db), *beside;
	int result;

	if (pg_open_url(NULL, &pg->url, &db->options, &beside, err) < 0)
		return -1;
	snapshot->exact = true;
	result = dump_and_look(mem, pg, beside, path, snapshot, err);
	talloc_free(beside);
	return result;
}

/* --- back ----------------------------------------------------------------- */

int pg_restore_backup(struct db *scratch, const char *path, struct error *err)
{
	struct pg *pg = pg_of(scratch);
	TALLOC_CTX *mem = talloc_new(NULL);
	const char *argv[] = {
		"pg_restore",
		"--no-password",
		"--exit-on-error",
		"-d",
		connection_string(mem, &pg->url),
		path,
		NULL,
	};
	struct process *process;
	char *version;
	int result = program_version(mem, "pg_restore", PACKAGE, &version, err);

	if (result == 0)
		result = program_start(mem, argv, environment(mem, &pg->url),
				       false, &process, err);
	if (result == 0)
		result = program_finish(mem, scratch, process, "pg_restore", -1,
					0, NULL, err);
	talloc_free(mem);
	if (result < 0 && err->code == ERROR_FAILED && err->detail) {
		char *detail = talloc_strdup(NULL, err->detail);

		error_release(err);
		error_set(err, ERROR_REFUSED, "it cannot be restored");
		error_detail(err, "%s", detail);
		talloc_free(detail);
	}
	return result;
}
