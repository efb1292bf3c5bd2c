#include "core/db/sqlite/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PAGES_PER_STEP 2000

/* Where the person wants scratch databases: a SQLite URL names the folder. */
static int parent_folder(TALLOC_CTX *mem, struct sqlite *target,
			 const char *scratch_url, char **parent,
			 struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	char *path, *shown, *slash;
	bool read_only;
	struct stat st;

	*parent = talloc_strdup(mem, tmp && *tmp ? tmp : "/tmp");
	if (!scratch_url || !db_engine_sqlite.accepts(scratch_url))
		return 0;
	if (sqlite_url(mem, scratch_url, target->db.options.top, &path, &shown,
		       &read_only, err) < 0)
		return -1;
	*parent = path;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	slash = strrchr(path, '/');
	if (!slash)
		*parent = talloc_strdup(mem, ".");
	else if (slash != path)
		*slash = '\0';
	return 0;
}

/* The scratch database in a folder that nobody else can look into. */
static int make(TALLOC_CTX *mem, struct sqlite *from, const char *scratch_url,
		struct sqlite **out, struct error *err)
{
	struct db_options options = from->db.options;
	TALLOC_CTX *turn = talloc_new(NULL);
	char *parent, *folder;
	struct sqlite *s;
	int result = -1, owner;

	if (parent_folder(turn, from, scratch_url, &parent, err) < 0)
		goto out;
	sqlite_folder_clean(parent);
	folder = sqlite_folder_make(turn, parent, &owner, err);
	if (!folder)
		goto out;
	options.read_only = false;
	options.create = true;
	options.count_limit = -1;
	s = sqlite_new(mem, &options,
		       talloc_asprintf(turn, "%s/scratch.db", folder),
		       "scratch");
	s->folder = talloc_steal(s, folder);
	s->owner_file = owner;
	s->db.server_version = talloc_strdup(s, sqlite3_libversion());
	s->flags |= SQLITE_OPEN_CREATE;
	result = sqlite_connect(s, err);
	s->flags &= ~SQLITE_OPEN_CREATE;
	if (result < 0)
		talloc_free(s);
	else
		*out = s;
out:
	talloc_free(turn);
	return result;
}

static int take_encoding(const char *const *values, int count, void *data)
{
	char **sql = data;

	(void)count;
	*sql = talloc_asprintf(NULL, "PRAGMA encoding = '%s'", values[0]);
	return 0;
}

int sqlite_scratch(TALLOC_CTX *mem, struct db *target, const char *scratch_url,
		   struct db **scratch, struct error *err)
{
	struct sqlite *s;
	char *sql = NULL;
	int result;

	if (make(mem, sqlite_of(target), scratch_url, &s, err) < 0)
		return -1;
	result = sqlite_query(target, "SELECT encoding FROM pragma_encoding",
			      NULL, 0, take_encoding, &sql, err);
	if (result == 0 && sql)
		result = sqlite_run(s, sql, err);
	talloc_free(sql);
	if (result < 0)
		talloc_free(s);
	else
		*scratch = &s->db;
	return result;
}

/* Someone who writes to the source makes a step fail; then try again. */
int sqlite_copy(struct sqlite *watched, sqlite3 *from, sqlite3 *to,
		struct error *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int64_t tries = 0;
	int code;

	if (!backup)
		return error_set(err, ERROR_CONNECTION,
				 "unable to copy database '%s': %s",
				 watched->db.database, sqlite3_errmsg(to));
	do {
		code = sqlite3_backup_step(backup, PAGES_PER_STEP);
		if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
			if (!sqlite_wait(watched, (int)tries++))
				break;
			code = SQLITE_OK;
		} else if (sqlite_tick(watched)) {
			break;
		}
	} while (code == SQLITE_OK);
	sqlite3_backup_finish(backup);
	if (watched->interrupted) {
		watched->interrupted = false;
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	}
	if (code == SQLITE_DONE)
		return 0;
	return error_set(err, ERROR_CONNECTION,
			 "unable to copy database '%s': %s",
			 watched->db.database, sqlite3_errstr(code));
}

int sqlite_scratch_copy(TALLOC_CTX *mem, struct db *from, struct db **scratch,
			struct error *err)
{
	struct sqlite *s;

	if (make(mem, sqlite_of(from), NULL, &s, err) < 0)
		return -1;
	if (sqlite_copy(sqlite_of(from), sqlite_of(from)->handle, s->handle,
			err) < 0) {
		talloc_free(s);
		return -1;
	}
	*scratch = &s->db;
	return 0;
}
