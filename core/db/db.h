#ifndef CORE_DB_DB_H
#define CORE_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"
#include "core/db/catalog.h"
#include "core/db/contents.h"
#include "core/db/mend.h"
#include "core/db/tables.h"
#include "core/run/facts.h"
#include "core/sql/batch.h"
#include "core/sql/change.h"
#include "core/sql/script.h"

/*
 * One interface to a database. An engine is a table of functions in its own
 * folder; nothing outside core/db asks which engine it is, only what it can.
 * Engines never print. To add one: write its folder, and put its table into
 * the list in db.c.
 */

enum db_capability {
	DB_TRANSACTIONAL_DDL = 1 << 0,
	DB_SESSION_LOCK = 1 << 1,      /* db_lock() keeps other runs out */
	DB_CONCURRENT_INDEX = 1 << 2,  /* CREATE INDEX CONCURRENTLY */
	DB_ALTER_COLUMN = 1 << 3,      /* ALTER COLUMN ... SET NOT NULL etc. */
	DB_SCRATCH_ON_SERVER = 1 << 4, /* a scratch database needs a server */
	DB_FILE = 1 << 5,	       /* place() is the path of a file */
	DB_SHOWS_TABLES = 1 << 6, /* definition() gives statements that make the
				     table again */
	DB_STATEMENT_TIMEOUT = 1 << 7, /* it keeps statement_timeout_ms */
	DB_BACKUP = 1 << 8, /* backup(), restore() and contents() are there */
};

struct db_options {
	int wait_ms; /* how long to wait for another run or a busy database */
	/* For a server's first answer; 0: the engine's own patience. A
	   connect_timeout in the URL comes before it. */
	int connect_ms;
	const char *top; /* sqlite: relative paths start here */
	bool create;	 /* sqlite: make a missing file for what is written */
	int64_t count_limit; /* rows: exact counts of a table up to here;
				negative: statements do not count */
	bool unobserved;     /* neither locks nor what is done under them are
				looked at, nor who waits for them */
	bool read_only;	     /* promise not to write; sqlite: does not create */
	/*
	 * Called about ten times a second while a statement runs or a lock is
	 * waited for, with what is waited for or NULL; nonzero cancels
	 * (ERROR_INTERRUPTED). May be NULL.
	 */
	int (*tick)(const char *waiting_for, void *data);
	void *tick_data;
	/* What a statement is doing, in the server's words, and how much of
	   that is done, from 0 to 1, or -1. NULL: it is over. May be NULL. */
	void (*phase)(const char *phase, double done);
	/* What the server says while a statement of a script runs: severity as
	   it calls it, "WARNING". May be NULL. */
	void (*notice)(const char *severity, const char *text);
	const char *target;  /* its name in the configuration, or NULL */
	bool pools_sessions; /* the person says so of a pooler in between */
	bool hasty; /* a server that does not answer is given up as soon as the
		       tick ends it */
};

/* What the server has said of a transaction. */
enum db_ending { DB_OPEN, DB_COMMIT_SENT, DB_COMMITTED, DB_ROLLED_BACK };

struct db_engine;

/* The answer to a SELECT that `verify` stands before. */
struct db_answer {
	int64_t rows;
	int columns;
	char *value; /* of the first row, as text; NULL for SQL's NULL */
	char *row;   /* all of it, for people */
};

/* An open connection; talloc_free() closes it. Engines extend it. */
struct db {
	const struct db_engine *engine;
	struct db_options options;
	char *label;	      /* name for people, no secrets: engine:database */
	char *server_version; /* "15.18", "3.40.1" */
	int major;	      /* 15, 3 */
	char *database;	      /* file or database name, no host */
	/* clock_mono_us() of the last transaction for a script: when its first
	   statement started, and of the commit's reply; 0: not known */
	int64_t began_us, committed_us;
	/* of the last transaction since its begin(): DB_ROLLED_BACK only when
	   nothing of it can be left */
	enum db_ending ended;
	bool lost; /* the connection is gone, and does not come back */
	/* what failed was no statement of the script, but a look at what it
	   does: with `unobserved` it would go on */
	bool look_failed;
	/* filled by execute() of a statement with `verify` */
	struct db_answer answer;

	/* for the statements of scripts from the next begin() or execute() on,
	   unless the script sets its own; 0: as the database has it */
	int lock_timeout_ms; /* ERROR_LOCK_TIMEOUT after that */
	bool lock_weak; /* nobody queues behind what they wait for: an engine
			   may take a moment longer to see who has it */
	int statement_timeout_ms; /* with DB_STATEMENT_TIMEOUT */
	/* how long a statement that a lock time-out would leave half done may
	   wait for others in all, before it is cancelled and cleaned up after
	   (ERROR_BUSY); 0: for ever */
	int wait_limit_ms;
};

/* A table and its rows, see count_rows(). */
struct db_count {
	const char *table;
	int64_t rows;
	bool estimated;
};

/* What became of a statement that was begun, see judge(). */
enum db_verdict {
	DB_UNKNOWN,
	DB_UNDONE,
	DB_DONE,
	DB_REMAINS,
	DB_HALF,
	DB_PARTLY,
};

/* The columns by which the rows of a table can be walked through in order. */
struct db_key {
	bool is_table;
	int count;	       /* 0: no primary key, or no such column */
	const char **names;    /* in order */
	const char **columns;  /* the same, quoted */
	const char **literals; /* an expression of each that is its value as a
				  literal, for a condition on it */
	bool nullable;	       /* some row may have none */
	bool indexed;
};

/* The run that keeps others out, see holder(). */
struct db_holder {
	char *text;   /* who it is, for people; NULL: nobody */
	char *remedy; /* what a person can type to end it, or NULL */
};

/* How much others have to do with what is written here. */
struct db_load {
	int64_t lag_ms; /* of the replica that is furthest behind; -1: none
			   that is known of */
	bool stopped;	/* the server is a replica that applies nothing */
	int waiting;	/* sessions that have waited for a lock for a while */
};

/* What stood in the database at the moment of a backup. */
struct db_snapshot {
	struct catalog *catalog; /* as a restored one should be */
	struct db_contents *contents;
	const char *program; /* that wrote it, with its version */
	bool exact; /* all this and the backup are of one and the same moment */
};

/* One row's values as text, NULL for SQL's NULL; valid during the call only.
   Nonzero stops the query, which then returns that number. */
typedef int (*db_row_fn)(const char *const *values, int count, void *data);

struct db_engine {
	/* "sqlite", "postgresql", "mariadb", "mysql": in JSON and in proofs */
	const char *name;
	/* what templates call it, and others like it; NULL: as its name */
	const char *family;
	enum sql_dialect dialect;
	unsigned capabilities;
	/* the compiled-in file that makes the ledger; NULL: core/ledger.sql */
	const char *ledger_sql;
	/* the same for the table of backups; NULL: core/backups.sql */
	const char *backups_sql;
	/* the SQLSTATEs of asking a table that is not there, and one that may
	   not be read; NULL: an error does not tell */
	const char *no_table_state, *no_right_state;
	/* what lets a role see what others do; NULL: it sees all */
	const char *sessions_right;
	const char *backup_suffix; /* of a backup's file: ".dump" */

	/* Whether this engine answers for the URL or connection string. */
	bool (*accepts)(const char *url);
	/*
	 * The environment variable whose secret a connection to this URL would
	 * send over the network, or NULL. May be NULL itself.
	 */
	const char *(*environment_secret)(const char *url);
	/*
	 * Where the database is that the URL means, in a form that is the same
	 * for every URL of the same database as far as that can be told without
	 * connecting: no user, no options. NULL for an unreadable URL. `top` as
	 * in struct db_options.
	 */
	char *(*place)(TALLOC_CTX *mem, const char *url, const char *top);
	/* Opens; err never carries a secret of the URL. */
	int (*open)(TALLOC_CTX *mem, const char *url,
		    const struct db_options *options, struct db **db,
		    struct error *err);

	/*
	 * One statement with $1, $2 ... parameters as text (each number first
	 * used in ascending order). row may be NULL.
	 */
	int (*query)(struct db *db, const char *sql, const char *const *params,
		     int param_count, db_row_fn row, void *data,
		     struct error *err);
	/*
	 * The same without result rows, but the engine may send it together
	 * with the next call (at the latest commit); a failure is then
	 * reported by that call.
	 */
	int (*queue)(struct db *db, const char *sql, const char *const *params,
		     int param_count, struct error *err);

	/*
	 * queue() for a statement that changes one row; when it does not, that
	 * is reported as by db_changed_by_others(), and nothing of the
	 * transaction lasts. NULL where change() takes no round trip more.
	 */
	int (*queue_one)(struct db *db, const char *sql,
			 const char *const *params, int param_count,
			 struct error *err);

	/*
	 * query() for a statement that changes rows: how many it has changed,
	 * as the ledger's own are guarded by that.
	 */
	int (*change)(struct db *db, const char *sql, const char *const *params,
		      int param_count, int64_t *rows, struct error *err);

	/*
	 * A transaction that will write. `script` is what will run in it, or
	 * NULL for bookkeeping; with a script the session is first brought
	 * back to how it was when opened (settings, role, search path), and
	 * SQLite turns foreign keys off and takes the write lock, waiting up
	 * to options.wait_ms (ERROR_BUSY after that).
	 */
	int (*begin)(struct db *db, const struct script *script,
		     struct error *err);
	/*
	 * Sends the COMMIT of the transaction that is open, for which commit()
	 * then only waits; or ends what send() has begun. May be NULL.
	 */
	int (*send_commit)(struct db *db, struct error *err);
	/*
	 * Behind a COMMIT that is on its way: the transaction of the next
	 * script as a whole, to be executed only when all that was sent before
	 * has succeeded. *sent tells whether the script is one with which that
	 * can be done: that waits for nobody, and of which nothing has to be
	 * known or counted in between. Then what is queued belongs to its
	 * transaction, until send_commit() ends it.
	 *
	 * Those that were sent have to be waited for by take(), in order, once
	 * commit() has succeeded and before anything else is done: that is
	 * what execute() of each statement and commit() tell. When one fails
	 * nothing of those after it is executed, and rollback() forgets them.
	 * May be NULL.
	 */
	int (*send)(struct db *db, const struct script *script, bool *sent,
		    struct error *err);
	int (*take)(struct db *db, const struct script *script,
		    struct facts *facts, struct error *err);
	/* With send(): the milliseconds that a transaction has taken so far, as
	   an expression. */
	const char *elapsed_ms;
	/*
	 * SQLite first runs foreign_key_check when a script ran: violations
	 * that were not there before it are an error, rolled back.
	 */
	int (*commit)(struct db *db, struct error *err);
	/* Never fails loudly: the connection may be gone. */
	void (*rollback)(struct db *db);
	/*
	 * After the connection was lost: another one, on mem, that reads, and
	 * whether the server has ended what the lost one did (*over), which is
	 * waited for, for some seconds. An error when it does not answer. NULL
	 * where there is no server.
	 */
	int (*inquire)(TALLOC_CTX *mem, struct db *lost, struct db **again,
		       bool *over, struct error *err);

	/*
	 * For a script that runs statement by statement: a transaction for
	 * statement number n and what the ledger says of it, in the session as
	 * the script has made it so far. Ended by end_step() or rollback().
	 */
	int (*begin_step)(struct db *db, const struct script *script, size_t n,
			  struct error *err);
	int (*end_step)(struct db *db, struct error *err);
	/* Whether a transaction is open: one that the script has begun. */
	bool (*inside)(struct db *db);

	/*
	 * Keeps other runs of git-migrate on this database out until unlock,
	 * polled, idle between polls, for options.wait_ms (ERROR_BUSY after
	 * that, saying who holds it as far as the server tells). Engines
	 * without DB_SESSION_LOCK return 0 at once: their begin() excludes.
	 */
	int (*lock)(struct db *db, struct error *err);
	int (*unlock)(struct db *db, struct error *err);
	/* Whose that lock is now, when it is not ours: strings on mem. May be
	   NULL. */
	int (*holder)(TALLOC_CTX *mem, struct db *db, struct db_holder *holder,
		      struct error *err);
	/*
	 * Whether it is still held, taking it again where its connection was
	 * lost (ERROR_BUSY when another run has it). In a transaction for
	 * bookkeeping it is asked along with that, and one that is not held is
	 * an ERROR_BUSY, at the latest of the commit. May be NULL.
	 */
	int (*still_locked)(struct db *db, struct error *err);

	/*
	 * Whether a change of type, a LOSS_NARROWED with a `to`, is certain to
	 * keep everything, from what the column is now. May be NULL.
	 */
	bool (*widens)(struct db *db, const struct loss *loss);

	/* Fills script->statements; needs no connection. */
	int (*split)(struct script *script, struct error *err);

	/*
	 * An error, with its place, for the first statement of a script that is
	 * split whose syntax is certain to be refused, whatever the database
	 * has: *n is its number. Runs nothing. NULL: only the server can tell.
	 */
	int (*check_syntax)(const struct db *db, const struct script *script,
			    size_t *n, struct error *err);

	/* Adds what statement number n changes; needs no connection. NULL: as
	   changes_read() sees it. */
	int (*changes)(struct changes *changes, const struct script *script,
		       size_t n, struct error *err);

	/*
	 * Who holds locks that are in the way of those that `count` statements
	 * from `first` on will ask for, other sessions and prepared
	 * transactions, one entry a transaction; May be NULL, and does not ask
	 * the database when the statements touch nothing that is there. Outside
	 * any transaction; before the first one it brings the session back as
	 * begin() does.
	 */
	int (*blockers)(TALLOC_CTX *mem, struct db *db,
			const struct script *script, size_t first, size_t count,
			struct fact_blocker **blockers, size_t *blocker_count,
			struct error *err);

	/*
	 * Names the tables that statements will write to, as far as that takes
	 * a connection and can be told before the script runs; NULL where
	 * split knows it all. Best effort, outside any transaction.
	 */
	void (*foresee)(struct db *db, struct script *script);

	/*
	 * Whether one of `count` statements from `first` on writes to a table
	 * that is there and takes no part in transactions: what is written
	 * lasts at once, row by row. Outside any transaction, or in that of a
	 * script. May be NULL.
	 */
	int (*escapes)(struct db *db, const struct script *script, size_t first,
		       size_t count, bool *escapes, struct error *err);

	/*
	 * Runs statement number n of the script, inside or outside a
	 * transaction as it is now, and adds what it measured: its
	 * fact_statement, and inside a transaction the locks that are new.
	 * Rows a statement returns are read and dropped, but for db->answer
	 * where `verify` stands before it. On failure the error
	 * has file, line, column (of the script), detail, hint and sqlstate;
	 * the fact_statement is there too.
	 */
	int (*execute)(struct db *db, const struct script *script, size_t n,
		       struct facts *facts, struct error *err);

	/*
	 * For statements that run in batches, each of these in a step that is
	 * open; all may be NULL.
	 *
	 * key() finds the primary key of a table, written as in a script, or
	 * that one column. ask() is query() with the rights and settings that
	 * the script has, without parameters. execute_part() is execute() for
	 * some of the rows of statement n.
	 */
	int (*key)(TALLOC_CTX *mem, struct db *db, const char *table,
		   const char *column, struct db_key *key, struct error *err);
	int (*ask)(struct db *db, const char *sql, db_row_fn row, void *data,
		   struct error *err);
	int (*execute_part)(struct db *db, const struct script *script,
			    size_t n, const struct batch_part *part,
			    struct facts *facts, struct error *err);
	/* Asked between steps. What may not be seen counts as nothing. May be
	   NULL. */
	int (*load)(struct db *db, struct db_load *load, struct error *err);

	/*
	 * A statement may end its run in the middle, outside of a transaction.
	 * witness() says before it is begun what the catalog has of the objects
	 * it is about (*text is NULL when that would tell nothing), and judge()
	 * tells later from that whether it was carried out; DB_REMAINS: it was
	 * not, but left something behind (*what, in words, on mem), which
	 * clean() removes; DB_HALF: it was begun, and left something that
	 * clean() finishes, after which it is done; DB_PARTLY: a part of it is
	 * done (*what), and only a person can do the rest. May all be NULL.
	 */
	int (*witness)(TALLOC_CTX *mem, struct db *db,
		       const struct script *script, size_t n, char **text,
		       struct error *err);
	int (*judge)(TALLOC_CTX *mem, struct db *db,
		     const struct script *script, size_t n, const char *witness,
		     enum db_verdict *verdict, char **what, struct error *err);
	int (*clean)(struct db *db, const struct script *script, size_t n,
		     const char *witness, struct error *err);

	/*
	 * The table's row count: exact when statistics or size say that it has
	 * at most `limit` rows, otherwise an estimate. *rows is -1 when there
	 * is no such table, and, but for our own, when somebody has locked it.
	 */
	int (*count_rows)(struct db *db, const char *table, int64_t limit,
			  int64_t *rows, bool *estimated, struct error *err);

	/*
	 * The same for several tables, in one round trip where each costs one.
	 * -1 also for one that cannot be counted (no right to read it): an
	 * error only when the connection is lost. May be NULL.
	 */
	int (*count_tables)(struct db *db, struct db_count *counts,
			    size_t count, int64_t limit, struct error *err);
	/*
	 * The same without a round trip of its own, along with the next
	 * transaction for a script: those given before begin() are counted
	 * before it and are filled in when the first execute() returns; those
	 * given before commit() are counted after it and are filled in when
	 * commit() returns 0. -1 until then. `counts` has to live as long. May
	 * be NULL.
	 */
	void (*count_along)(struct db *db, struct db_count *counts,
			    size_t count, int64_t limit);

	/* What is in the database, less git-migrate's own tables. */
	int (*catalog)(TALLOC_CTX *mem, struct db *db, struct catalog **catalog,
		       struct error *err);

	/*
	 * Proposes statements that make an object of the catalog what it was;
	 * none where there is no telling. Needs no connection.
	 */
	void (*mend)(struct mend *mend, const struct mend_request *request);

	/*
	 * The column names of a table and, where the engine keeps one, the
	 * text of its definition (SQLite, MariaDB: CREATE TABLE and then its
	 * indexes and triggers, a statement an element). Count 0: no such
	 * table.
	 */
	int (*definition)(TALLOC_CTX *mem, struct db *db, const char *table,
			  char ***statements, size_t *count, struct error *err);

	/*
	 * A new empty database of the same kind, encoding and locale: beside
	 * target, or on scratch_url's server when that is given. Freeing it
	 * drops it, also when connections of ours to it have failed.
	 */
	int (*scratch)(TALLOC_CTX *mem, struct db *target,
		       const char *scratch_url, struct db **scratch,
		       struct error *err);
	/* A scratch database that is a copy of another one. */
	int (*scratch_copy)(TALLOC_CTX *mem, struct db *from,
			    struct db **scratch, struct error *err);

	/*
	 * Writes all of the database into the file at `path`, which is there,
	 * empty and our own; tells what stood in the database at that moment
	 * (strings and lists on mem). What is written may stay there when it
	 * fails. Outside any transaction, in a session of its own where others
	 * would not see the same.
	 */
	int (*backup)(TALLOC_CTX *mem, struct db *db, const char *path,
		      struct db_snapshot *snapshot, struct error *err);
	/* Fills a scratch database, which is empty, from such a file.
	   ERROR_REFUSED: the file is damaged. */
	int (*restore)(struct db *scratch, const char *path, struct error *err);
	/* The tables' rows as they are now, git-migrate's own too. */
	int (*contents)(TALLOC_CTX *mem, struct db *db,
			struct db_contents **contents, struct error *err);

	/* Rows of tables, read and written one by one. */
	const struct db_rows *rows;

	/* `name` as this engine quotes an identifier, only where needed. */
	char *(*quote_name)(TALLOC_CTX *mem, const char *name);
	/* The name a quoted or unquoted identifier stands for. */
	char *(*fold_name)(TALLOC_CTX *mem, const char *written);
};

extern const struct db_engine db_engine_sqlite, db_engine_postgres;
extern const struct db_engine db_engine_mariadb, db_engine_mysql;

/* The engine that answers for a URL; error (redacted) when none does. */
const struct db_engine *db_engine_for(const char *url, struct error *err);
const struct db_engine *db_engine_named(const char *name);

/* Whether two URLs mean one database, see place(). */
bool db_same_place(const char *url, const char *other, const char *top);

int db_open(TALLOC_CTX *mem, const char *url, const struct db_options *options,
	    struct db **db, struct error *err);

static inline const char *db_engine_family(const struct db_engine *engine)
{
	return engine->family ? engine->family : engine->name;
}

static inline bool db_can(const struct db *db, enum db_capability what)
{
	return (db->engine->capabilities & what) != 0;
}

/* For engines: a tick that ends at the clock_mono_us() that data points to. */
int db_deadline_tick(const char *waiting_for, void *data);
/* The error (ERROR_BUSY) of a row of the ledger that is not as this run left
   it. */
int db_changed_by_others(const struct db *db, struct error *err);
/* For engines: takes one row of the answer. */
void db_answer_add(struct db *db, const char *const *values, int count);
/* One row, one column, true: "t", "true" or a number other than 0. */
bool db_answer_is_true(const struct db_answer *answer);

/* For engines: the error (ERROR_BUSY) of who has waited in vain for a table
   that these others have. */
int db_kept_locked(const struct db *db, double waited_ms,
		   const struct fact_blocker *seen, size_t count,
		   struct error *err);

/* git-migrate's own tables, which catalogs and counts leave out. */
bool db_is_own_table(const char *name);

#endif
