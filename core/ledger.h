#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/arena.h"
#include "core/db/db.h"
#include "core/run/facts.h"

/*
 * The ledger: the tables in a target that say what is applied.
 *
 *	git_migrations    one row a migration that is applied or unfinished
 *	git_migrate_runs  one row a run, with its facts as JSON
 *	git_migrate_meta  the ledger's own version
 *
 * Times are RFC 3339 UTC text, so that every engine keeps the same.
 */

enum applied_state { APPLIED, UNFINISHED };

struct ledger_row {
	int64_t version;
	const char *name;
	const char *up_blob, *down_blob;
	const char *commit; /* introducing commit, or NULL */
	const char *source; /* "commit", "inexact" (shallow boundary),
			       "uncommitted", "modified" */
	const char *branch; /* or NULL */
	const char *applied_at, *applied_by;
	const char *tool;
	double duration_ms;
	enum applied_state state;
	enum direction direction; /* of the run that is unfinished */
	int done, total;	  /* statements */
};

struct ledger {
	struct ledger_row *rows; /* ordered by version */
	size_t count, room;
	bool exists;	 /* false: no table yet, nothing applied */
	bool unfinished; /* when it was read, one of them at least was */
	struct arena *strings;
};

/*
 * Reads all rows, without the scripts' texts, source, branch, duration and
 * tool (ledger_read_one() has those but the text). A ledger of a newer version
 * than this program knows is an error.
 */
int ledger_read(TALLOC_CTX *mem, struct db *db, struct ledger **ledger,
		struct error *err);

struct ledger_row *ledger_find(const struct ledger *ledger, int64_t version);

/* One row as it is now; *row is NULL when there is none. */
int ledger_read_one(TALLOC_CTX *mem, struct db *db, int64_t version,
		    struct ledger_row **row, struct error *err);

/* The down script's text that was recorded. */
int ledger_down_script(TALLOC_CTX *mem, struct db *db, int64_t version,
		       char **text, struct error *err);

/* Creates the tables where they are missing, in a transaction of its own. */
int ledger_create(struct db *db, struct error *err);
/* The same for other tables beside it, from a file that is compiled in. */
int ledger_run_file(struct db *db, const char *file, struct error *err);

/*
 * Runs a statement that has to change one row of the ledger: ERROR_BUSY when it
 * does not, as another run has been there meanwhile.
 */
int ledger_change_one(struct db *db, const char *sql, const char *const *params,
		      int param_count, struct error *err);

/* All of these are queued in the transaction that is open (see db.h). A
   duration that is negative is not known: it is how long that took up to here.
 */
int ledger_insert(struct db *db, const struct ledger_row *row,
		  const char *down_script, struct error *err);
/* The same values for a row that is there, but for when and by whom. */
int ledger_replace(struct db *db, const struct ledger_row *row,
		   const char *down_script, struct error *err);
/* ERROR_BUSY when there is none: not queued. */
int ledger_remove(struct db *db, int64_t version, struct error *err);
/* Takes state, direction, done, total and, unless negative, duration from
   `row`. */
int ledger_progress(struct db *db, int64_t version,
		    const struct ledger_row *row, struct error *err);
/*
 * Records a run. `id` is the caller's and sorts by time, so that
 * ledger_update_run() can add what is known only after the commit.
 */
int ledger_insert_run(struct db *db, int64_t id, const struct facts *facts,
		      struct error *err);
int ledger_update_run(struct db *db, int64_t id, const struct facts *facts,
		      struct error *err);

/* The runs, newest first; at most `limit` (0: all), of one version or 0. */
int ledger_runs(TALLOC_CTX *mem, struct db *db, int64_t version, int limit,
		struct facts ***runs, size_t *count, struct error *err);

#endif
