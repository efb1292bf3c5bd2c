#include "core/db/sqlite/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text.h"

#define TICK_US 100000
/* Steps of SQLite's machine between two looks at the clock: under 1 ms. */
#define STEPS_PER_LOOK 10000

/* About ten times a second; nonzero cancels. */
static int tick(struct sqlite *s, const char *waiting_for)
{
	int64_t now = clock_mono_us();

	if (!s->db.options.tick || now - s->ticked_us < TICK_US)
		return 0;
	s->ticked_us = now;
	if (!s->db.options.tick(waiting_for, s->db.options.tick_data))
		return 0;
	s->interrupted = true;
	return 1;
}

static int on_progress(void *data)
{
	return tick(data, NULL);
}

bool sqlite_tick(struct sqlite *s)
{
	return tick(s, NULL) != 0;
}

/* Whether a run gives up what others hold before it would give up another run:
   the one and the other are options. */
static bool is_limited(const struct sqlite *s)
{
	return s->waiting_for == s->lock_words && s->db.wait_limit_ms > 0 &&
	       s->db.wait_limit_ms < s->db.options.wait_ms;
}

/*
 * Polls, at first quickly. The waits of many processes must not fall into
 * step, hence the odd part of the clock.
 */
static int on_busy(void *data, int tries)
{
	struct sqlite *s = data;
	int64_t now = clock_mono_us();
	int64_t pause = tries < 10 ? 500 * (tries + 1) : 10000;
	int limit_ms = is_limited(s) ? s->db.wait_limit_ms
				     : s->db.options.wait_ms;
	struct timespec nap = { 0 };

	if (!tries)
		s->wait_since_us = now;
	if (now - s->wait_since_us >= (int64_t)limit_ms * 1000)
		return 0;
	if (tick(s, s->waiting_for))
		return 0;
	nap.tv_nsec = (long)(pause + now % pause) * 1000;
	nanosleep(&nap, NULL);
	s->clock.napped_us += clock_mono_us() - now;
	return 1;
}

bool sqlite_wait(struct sqlite *s, int tries)
{
	return on_busy(s, tries) != 0;
}

static int no_database(struct sqlite *s, const char *why, struct error *err)
{
	return error_set(err, ERROR_CONNECTION,
			 "unable to open database '%s': %s", s->db.database,
			 why);
}

#define ATTACHED "unable to open database: "

int sqlite_fail(struct sqlite *s, struct error *err)
{
	int code = sqlite3_extended_errcode(s->handle) & 0xff;
	const char *message = sqlite3_errmsg(s->handle);

	if (s->interrupted || code == SQLITE_INTERRUPT) {
		s->interrupted = false;
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	}
	switch (code) {
	case SQLITE_BUSY:
		error_set(err, ERROR_BUSY,
			  "database '%s' is locked by another process",
			  s->db.database);
		return error_hint(err, "wait longer for it: --%s DURATION",
				  is_limited(s) ? "lock-wait" : "wait");
	case SQLITE_NOTADB:
		return no_database(s, message, err);
	case SQLITE_CANTOPEN:
		/* "unable to open database: PATH": another one, by ATTACH */
		if (!strncmp(message, ATTACHED, strlen(ATTACHED)))
			return error_set(err, ERROR_SQL, "%s", message);
		no_database(s, message, err);
		return error_hint(err, "SQLite writes to the folder of the "
				       "database too: is that allowed?");
	case SQLITE_IOERR:
		return error_set(err, ERROR_CONNECTION, "%s", message);
	case SQLITE_FULL:
		error_set(err, ERROR_FAILED,
			  "no room is left for database '%s': %s",
			  s->db.database, message);
		return error_hint(err, "make room on its disk, then run it "
				       "again");
	case SQLITE_READONLY:
		return error_set(err, ERROR_SQL,
				 "database '%s' is read-only: %s",
				 s->db.database, message);
	default:
		return error_set(err, ERROR_SQL, "%s", message);
	}
}

int sqlite_run(struct sqlite *s, const char *sql, struct error *err)
{
	if (sqlite3_exec(s->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return sqlite_fail(s, err);
}

/* Who only looks goes through the ledger once, page by page: to keep them costs
   more time than it saves. */
static int keep_few_pages(struct sqlite *s, struct error *err)
{
	if (sqlite_number(s, "PRAGMA cache_size", NULL, 0, &s->usual_pages,
			  err) < 0)
		return -1;
	return sqlite_run(s, "PRAGMA cache_size = 64", err);
}

int sqlite_keep_pages(struct sqlite *s, struct error *err)
{
	char sql[64];

	if (!s->usual_pages)
		return 0;
	snprintf(sql, sizeof(sql), "PRAGMA cache_size = %" PRId64,
		 s->usual_pages);
	s->usual_pages = 0;
	return sqlite_run(s, sql, err);
}

/* Scratch databases need not survive a crash. */
static int apply_settings(struct sqlite *s, struct error *err)
{
	sqlite3_db_config(s->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
	if (s->folder)
		return sqlite_run(s,
				  "PRAGMA synchronous = OFF; "
				  "PRAGMA journal_mode = MEMORY",
				  err);
	if (keep_few_pages(s, err) < 0)
		return -1;
	return s->db.options.read_only
		       ? sqlite_run(s, "PRAGMA query_only = ON", err)
		       : 0;
}

/* Finds out whether it is a database at all. */
static int first_read(struct sqlite *s, struct error *err)
{
	if (sqlite_run(s, "SELECT 1 FROM sqlite_schema LIMIT 1", err) == 0)
		return 0;
	if (err->code == ERROR_SQL)
		return no_database(s, sqlite3_errmsg(s->handle), err);
	return -1;
}

int sqlite_connect(struct sqlite *s, struct error *err)
{
	if (lazy_sqlite_load(err) < 0)
		return -1;
	if (sqlite3_open_v2(s->path, &s->handle, s->flags, sqlite_system()) !=
	    SQLITE_OK) {
		if (!s->handle)
			return no_database(s, "out of memory", err);
		return no_database(s, sqlite3_errmsg(s->handle), err);
	}
	sqlite3_busy_handler(s->handle, on_busy, s);
	if (s->db.options.tick)
		sqlite3_progress_handler(s->handle, STEPS_PER_LOOK, on_progress,
					 s);
	sqlite3_set_authorizer(s->handle, touched_note, s);
	sqlite_grip_start(s);
	return first_read(s, err) < 0 ? -1 : apply_settings(s, err);
}

void sqlite_disconnect(struct sqlite *s)
{
	if (!s->handle)
		return;
	sqlite_drop_cache(s);
	sqlite3_close_v2(s->handle);
	s->handle = NULL;
}

static int close_it(struct sqlite *s)
{
	sqlite_disconnect(s);
	if (s->lock_file >= 0)
		close(s->lock_file);
	if (s->look_file >= 0)
		close(s->look_file);
	if (s->folder)
		sqlite_folder_remove(s->folder, s->owner_file);
	return 0;
}

struct sqlite *sqlite_new(TALLOC_CTX *mem, const struct db_options *options,
			  const char *path, const char *shown)
{
	struct sqlite *s = talloc_zero(mem, struct sqlite);
	const char *name = strrchr(shown, '/');

	s->db.engine = &db_engine_sqlite;
	s->db.options = *options;
	s->db.database = talloc_strdup(s, name ? name + 1 : shown);
	s->db.label = talloc_asprintf(s, "sqlite:%s", s->db.database);
	s->db.major = 3;
	s->path = talloc_strdup(s, path);
	s->flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		   SQLITE_OPEN_EXRESCODE;
	s->lock_words = talloc_asprintf(s, "the lock on '%s'", s->db.database);
	s->waiting_for = s->lock_words;
	s->lock_file = s->look_file = -1;
	talloc_set_destructor(s, close_it);
	return s;
}

int sqlite_make(struct sqlite *s, struct error *err)
{
	int result;

	if (!s->to_make)
		return 0;
	sqlite_disconnect(s);
	s->path = s->to_make;
	s->to_make = NULL;
	s->flags |= SQLITE_OPEN_CREATE;
	result = sqlite_connect(s, err);
	s->flags &= ~SQLITE_OPEN_CREATE;
	return result;
}

static int unable_to_create(struct sqlite *s, const char *why,
			    const char *folder, struct error *err)
{
	return error_set(err, ERROR_CONNECTION,
			 "unable to create database '%s': %s '%s'",
			 s->db.database, why, folder);
}

/* A file that is not there: taken for an empty database, and made when
   something is written to it. */
static int no_file(struct sqlite *s, struct error *err)
{
	const char *slash = strrchr(s->path, '/');
	char *folder = slash ? talloc_strndup(s, s->path,
					      (size_t)(slash - s->path) + 1)
			     : talloc_strdup(s, ".");
	bool makes = !s->db.options.read_only;
	struct stat st;

	if (makes && !s->db.options.create)
		return no_database(s, "there is no such file", err);
	if (!makes && access(folder, F_OK) < 0 && errno == ENOENT)
		return no_database(s, "its folder is not there", err);
	if (makes && (stat(folder, &st) < 0 || !S_ISDIR(st.st_mode)))
		return unable_to_create(s, "there is no folder", folder, err);
	if (makes && access(folder, W_OK | X_OK) < 0)
		return unable_to_create(s, "you may not write to the folder",
					folder, err);
	talloc_free(folder);
	if (makes)
		s->to_make = s->path;
	s->path = ":memory:";
	return 0;
}

static int look_at_file(struct sqlite *s, struct error *err)
{
	struct stat st;

	if (stat(s->path, &st) < 0)
		return errno == ENOENT ? no_file(s, err)
				       : no_database(s, strerror(errno), err);
	if (S_ISDIR(st.st_mode))
		return no_database(s, "it is a folder", err);
	if (!S_ISREG(st.st_mode))
		return no_database(s, "it is no regular file", err);
	if (access(s->path, R_OK) < 0)
		return no_database(s, strerror(errno), err);
	return 0;
}

static int connect_checked(struct sqlite *s, struct error *err)
{
	bool writes = !s->db.options.read_only;

	if (look_at_file(s, err) < 0 || sqlite_connect(s, err) < 0)
		return -1;
	s->db.server_version = talloc_strdup(s, sqlite3_libversion());
	if (writes && sqlite3_db_readonly(s->handle, "main") == 1)
		return error_set(err, ERROR_CONNECTION,
				 "database '%s' is read-only", s->db.database);
	return 0;
}

static int open_url(TALLOC_CTX *mem, const char *url,
		    const struct db_options *options, struct db **db,
		    struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char *path, *shown;
	bool read_only;
	struct sqlite *s = NULL;

	if (sqlite_url(turn, url, options->top, &path, &shown, &read_only,
		       err) == 0) {
		s = sqlite_new(mem, options, path, shown);
		if (read_only)
			s->flags ^= SQLITE_OPEN_READWRITE |
				    SQLITE_OPEN_READONLY;
		if (connect_checked(s, err) < 0) {
			talloc_free(s);
			s = NULL;
		}
	}
	talloc_free(turn);
	if (!s)
		return -1;
	*db = &s->db;
	return 0;
}

static bool accepts(const char *url)
{
	return !strncmp(url, "sqlite:", strlen("sqlite:"));
}

const struct db_engine db_engine_sqlite = {
	.name = "sqlite",
	.dialect = SQL_SQLITE,
	.capabilities = DB_TRANSACTIONAL_DDL | DB_SESSION_LOCK | DB_FILE |
			DB_BACKUP,
	/* whole numbers as keys need no index of their own to be written */
	.ledger_sql = "core/db/sqlite/ledger.sql",
	.accepts = accepts,
	.place = sqlite_place,
	.open = open_url,
	.query = sqlite_query,
	.queue = sqlite_queue,
	.change = sqlite_change,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.begin_step = sqlite_begin_step,
	.end_step = sqlite_commit,
	.inside = sqlite_inside,
	.judge = sqlite_judge,
	.lock = sqlite_lock,
	.unlock = sqlite_unlock,
	.holder = sqlite_lock_holder,
	.split = sqlite_split,
	.check_syntax = sqlite_check_syntax,
	.foresee = sqlite_foresee,
	.execute = sqlite_execute,
	.key = sqlite_key,
	.ask = sqlite_ask,
	.execute_part = sqlite_execute_part,
	.count_rows = sqlite_count_rows,
	.count_along = sqlite_count_along,
	.catalog = sqlite_catalog,
	.mend = sqlite_mend,
	.definition = sqlite_definition,
	.scratch = sqlite_scratch,
	.scratch_copy = sqlite_scratch_copy,
	.backup_suffix = ".db",
	.backup = sqlite_backup,
	.restore = sqlite_restore_backup,
	.contents = sqlite_contents,
	.rows = &sqlite_rows,
	.quote_name = sqlite_quote_name,
	.fold_name = sqlite_fold_name,
};
