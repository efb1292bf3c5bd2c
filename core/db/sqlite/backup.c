#include "core/db/sqlite/internal.h"

#include <ctype.h>
#include <string.h>

/*
 * The library's own online backup. The read transaction around it keeps the
 * source as it is until its rows were walked, too: in WAL mode nobody waits for
 * that, with a rollback journal whoever wants to commit.
 */

/* Where the copy goes is our own file: what a crash leaves is thrown away. */
static int open_copy(const char *path, sqlite3 **copy, struct error *err)
{
	int code = sqlite3_open_v2(
		path, copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(*copy,
				    "PRAGMA synchronous = OFF; "
				    "PRAGMA journal_mode = OFF",
				    NULL, NULL, NULL);
	if (code == SQLITE_OK)
		return 0;
	sqlite3_close_v2(*copy);
	return error_set(err, ERROR_FAILED, "unable to write '%s': %s", path,
			 sqlite3_errstr(code));
}

static int copy_out(struct sqlite *s, const char *path, struct error *err)
{
	sqlite3 *copy;
	int result;

	if (open_copy(path, &copy, err) < 0)
		return -1;
	result = sqlite_copy(s, s->handle, copy, err);
	sqlite3_close_v2(copy);
	return result;
}

int sqlite_backup(TALLOC_CTX *mem, struct db *db, const char *path,
		  struct db_snapshot *snapshot, struct error *err)
{
	struct sqlite *s = sqlite_of(db);
	int result;

	/* it does not last before something is read */
	if (sqlite_run(s, "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1", err) <
	    0)
		return -1;
	snapshot->exact = true;
	snapshot->program = talloc_asprintf(mem, "sqlite %s",
					    sqlite3_libversion());
	result = copy_out(s, path, err);
	if (result == 0)
		result = sqlite_catalog(mem, db, &snapshot->catalog, err);
	if (result == 0)
		result = sqlite_contents(mem, db, &snapshot->contents, err);
	sqlite_rollback(db);
	return result;
}

/* --- back ----------------------------------------------------------------- */

/* The file as a URI that says that nobody writes to it: so no file is made
   beside it when it was copied in WAL mode. */
static char *immutable_uri(TALLOC_CTX *mem, const char *path)
{
	char *uri = talloc_strdup(mem, "file:");

	for (; *path; path++)
		uri = isalnum((unsigned char)*path) || strchr("/._-", *path)
			      ? talloc_asprintf_append_buffer(uri, "%c", *path)
			      : talloc_asprintf_append_buffer(
					uri, "%%%02X", (unsigned char)*path);
	return talloc_strdup_append(uri, "?immutable=1");
}

static int refuse(const char *why, struct error *err)
{
	error_set(err, ERROR_REFUSED, "it is damaged");
	return error_detail(err, "%s", why);
}

static int copy_in(struct sqlite *s, const char *path, struct error *err)
{
	char *uri = immutable_uri(NULL, path);
	struct error why = { 0 };
	sqlite3 *copy = NULL;
	int code = sqlite3_open_v2(uri, &copy,
				   SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
					   SQLITE_OPEN_NOMUTEX,
				   NULL);
	int result = 0;

	if (code != SQLITE_OK ||
	    (code = sqlite3_exec(copy, "SELECT 1 FROM sqlite_schema LIMIT 1",
				 NULL, NULL, NULL)) != SQLITE_OK)
		result = refuse(sqlite3_errstr(code), err);
	else if (sqlite_copy(s, copy, s->handle, &why) < 0)
		result = why.code == ERROR_INTERRUPTED
				 ? error_set(err, why.code, "%s", why.message)
				 : refuse(why.message, err);
	error_release(&why);
	sqlite3_close_v2(copy);
	talloc_free(uri);
	return result;
}

/* Rows that break a rule of their table are not damage: they may have been
   there when the rule came. */
static bool breaks_rule(const char *line)
{
	return strstr(line, "CHECK constraint failed in ") ||
	       strstr(line, "NULL value in ") || !strncmp(line, "non-", 4);
}

#define MANY_BYTES 500

static int take_problem(const char *const *values, int count, void *data)
{
	char **problems = data;

	(void)count;
	if (!values[0] || !strcmp(values[0], "ok") || breaks_rule(values[0]))
		return 0;
	if (!*problems)
		*problems = talloc_strdup(NULL, values[0]);
	else if (strlen(*problems) < MANY_BYTES)
		*problems = talloc_asprintf_append(*problems, "\n%s",
						   values[0]);
	return 0;
}

static int check_integrity(struct sqlite *s, struct error *err)
{
	char *problems = NULL;
	int result = sqlite_query(&s->db, "PRAGMA integrity_check(1000000000)",
				  NULL, 0, take_problem, &problems, err);

	if (result < 0 && err->code == ERROR_SQL) {
		problems = talloc_strdup(NULL, err->message);
		error_release(err);
	}
	if (problems)
		result = refuse(problems, err);
	talloc_free(problems);
	return result;
}

int sqlite_restore_backup(struct db *scratch, const char *path,
			  struct error *err)
{
	struct sqlite *s = sqlite_of(scratch);

	if (copy_in(s, path, err) < 0)
		return -1;
	return check_integrity(s, err);
}
