#ifndef CORE_DB_POSTGRES_INTERNAL_H
#define CORE_DB_POSTGRES_INTERNAL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/db/db.h"
#include "lazy/pq.h"

/*
 * The PostgreSQL engine, between its files:
 *
 *	url.c		connection strings, and what in them is a secret
 *	connect.c	opening a connection, and why it failed
 *	pipeline.c	statements on their way, and their results
 *	failure.c	the server's errors as ours
 *	session.c	transactions, and bookkeeping beside a script
 *	inquire.c	what became of one whose connection was lost
 *	step.c		transactions for one statement of a script
 *	judge.c		what became of a statement that was begun
 *	half.c		... that goes on when it is said again
 *	index.c		which indexes a statement has made
 *	schema.c	where the ledger is
 *	lock.c		the lock that keeps other runs out
 *	execute.c	the statements of a script
 *	copy.c		... that come with rows
 *	ahead.c		whole transactions on their way
 *	batch.c		what running in batches has to know
 *	look.c		a look at what a transaction has locked
 *	held.c		which relations that are
 *	effects.c	what they did to them
 *	waits.c		how long they waited for a lock themselves
 *	observe.c	a second connection that sees what goes on meanwhile
 *	victims.c	who waited for them
 *	modes.c		modes of locks
 *	blockers.c	who holds locks that are in the way
 *	limits.c	time-outs
 *	watch.c		statements that have to be watched while they wait
 *	row_waits.c	who has the rows that one waits for
 *	pooler.c	a connection pooler in between
 *	count.c		rows and columns of tables
 *	catalog.c	what is in the database
 *	contents.c	... and in its tables
 *	rows.c		... row by row
 *	tables.c	what a row of each is made of
 *	backup.c	pg_dump and pg_restore
 *	scratch.c	scratch databases
 *	names.c		identifiers
 *	split.c		scripts into statements
 *	syntax.c	... and what is wrong with one that is none
 *	analysis.c	what a parsed statement touches and needs
 *	need.c		which locks it will ask for
 *	changes.c	what it changes
 *	loss.c		what it destroys
 *	widen.c		whether a change of type destroys anything
 */

/* --- pipeline.c: statements on their way --------------------------------- */

/* What came of one statement. */
struct pg_outcome {
	bool done;
	int64_t started_us; /* clock_mono_us() when it could begin */
	int64_t arrived_us; /* ... and of its result */
	int64_t rows;	    /* of the command's tag, -1 when it has none */
	char tag[64];	    /* "INSERT 0 3" */
};

struct pg_statement {
	const char *sql;
	const char *const *params;
	int param_count;
	bool keep;	/* it comes again: prepare it once */
	bool of_script; /* a person wrote it */
	bool ledger;	/* it names our own tables */
	bool minor;	/* nothing follows from its failure */
	bool looks;	/* at what a script does, which goes without it, too */
	db_row_fn row;	/* may be NULL */
	void *data;
	struct pg_outcome *outcome; /* may be NULL */
};

enum pg_step_kind { STEP_PREPARE, STEP_STATEMENT, STEP_SYNC };

struct pg_step {
	enum pg_step_kind kind;
	bool started;
	struct pg_statement statement;
	struct pg_kept *kept; /* prepared by, or run from, this one */
};

/* A statement that the server keeps prepared. */
struct pg_kept {
	char *sql, *name;
	bool sent, ready; /* `sent` until the next pg_sync() */
};

struct pg_url {
	const char **keys, **values; /* both end with NULL */
	int count;
};

enum pg_transaction {
	PG_IDLE,	/* none of ours */
	PG_BOOKKEEPING, /* begin() without a script */
	PG_SCRIPT,	/* begin() with one */
	PG_STEP,	/* begin_step() */
	PG_CLOSING,	/* the same, and its statements are over */
};

struct pg_relation;
struct pg_held;
struct pg_effect;
struct pg_observer;

/* A look at the locks of a transaction. */
struct pg_look {
	struct pg *pg;
	const struct statement *statement;
	struct facts *facts; /* NULL: the script was sent ahead, in vain */
	struct fact_statement *fact; /* of the statement */
	struct pg_outcome outcome;   /* of the statement */
	struct pg_outcome looked;    /* of the look itself */
	int64_t since_us;	     /* 0: when the statement started */
	int64_t before_us;	     /* when the look before it was sent */
	bool pending;		     /* sent, and not yet waited for */
	bool lock_seen;		     /* ours, that keeps other runs out */
	bool names;	   /* the statement's relations are known only now */
	size_t first_lock; /* of the facts' locks, those that it found */
	TALLOC_CTX *turn;
	const char ***rows; /* as the server has given them */
	size_t row_count;
	struct pg_effect *effects;
	size_t effect_count;
	unsigned xid;  /* the transaction's number; 0: it has none yet */
	bool all_ours; /* whatever the catalog says */
	bool tracks;   /* the session's counters count */
	int64_t wal;   /* -1: not known */
	double cost_us;
	int64_t at_us; /* when it began, since the transaction did; or 0 */
};

/* The transaction of a script, sent as a whole. */
struct pg_unit {
	const struct script *script;
	struct pg_look *looks; /* one for each statement */
	struct pg_outcome commit;
	enum pg_transaction before; /* what we were in when it was sent */
};

#define PG_MOST_UNITS 2

#define PG_MOST_SEEN 5 /* who are in the way, of those that are told */

struct pg {
	struct db db;
	PGconn *conn;
	struct pg_url url; /* what it was opened with */
	int64_t connected_us;
	bool lost;

	/* pipeline.c */
	struct pg_step *steps;
	size_t step_head, step_tail, step_room;
	TALLOC_CTX *texts; /* of those that are not kept */
	struct pg_kept **kept;
	size_t kept_count;
	unsigned kept_names;
	bool deallocated; /* a script took away what was kept, unseen */
	const char *waiting_for;
	int64_t last_tick_us, cancelled_us;
	pid_t canceller;    /* asks the server to cancel; 0: none */
	int64_t synced_us;  /* when what comes now could begin */
	bool interrupted;   /* the person asked to stop */
	int stopped;	    /* what a row function returned */
	bool failed;	    /* since the last pg_sync() */
	bool script_failed; /* and it was a person's statement */
	int failed_at;	    /* where in it, in characters from 1; or 0 */
	size_t failed_row;  /* in the rows of a COPY, in bytes */
	char *notices;	    /* of the statement that runs */

	/* session.c */
	enum pg_transaction transaction;
	bool inside;  /* any transaction, ours or not, at the last pg_sync() */
	bool tainted; /* a script may have changed settings or the role */
	bool temporary; /* ... left temporary tables */
	bool deep;	/* ... left cursors, prepared statements, listens */
	const struct script *script; /* whose statements ran last */

	/* schema.c */
	char *schema; /* where the ledger is or will be; NULL: not looked */

	struct pg_committing {
		struct pg_outcome outcome;
		bool marked; /* what comes after it does not depend on it */
	} committing;	     /* the COMMIT that commit() waits for */

	/* ahead.c */
	struct pg_unit *units[PG_MOST_UNITS]; /* on their way, in order */
	size_t unit_count;
	struct pg_unit *composed; /* is being sent, or NULL */
	bool untriggered;	  /* there was no event trigger ... */
	bool made_more;		  /* ... but other statements have run since */
	bool lock_missed;	  /* ours was not among the locks */

	/* lock.c */
	bool locked;
	int lock_key; /* the second half of it */

	/* held.c */
	struct pg_look look;
	struct pg_relation *relations; /* by oid, as they are called */
	bool relations_known;	       /* all those that were there */
	bool tables_known;    /* ... but for indexes and where things are */
	struct pg_held *held; /* in this transaction */
	const struct statement *looked[8]; /* whose locks are known */
	size_t looked_count;
	int64_t unlooked_us;  /* since when statements were passed over; or 0 */
	bool put_off;	      /* ... also some that may have new locks */
	bool own_settings;    /* the script's, that a look does not go with */
	int64_t looked_us;    /* when a look was last sent */
	int64_t look_cost_us; /* of the last one, on the server */
	unsigned epoch;	      /* of the session's counters, from 1 */
	int64_t wal;	   /* of the server, at the last look; -1: not known */
	bool counts_tried; /* whether it has such counters was tried */
	bool counts;	   /* ... and it has */

	/* waits.c */
	struct pg_own_wait {
		unsigned relation; /* for which; 0: for something else */
		int64_t since_us, seen_us, over_us;
	} own_wait; /* of what runs; seen_us is 0: none was seen */

	/* observe.c */
	struct facts *observed; /* of what runs now, or NULL */
	int64_t observed_us;	/* since when it runs */
	struct pg_observer *observer;
	int64_t clock_offset_us; /* the server's clock to ours; 0: not known */
	int64_t ending_us;	 /* when the commit was sent */

	/* count.c */
	struct db_count *along;
	size_t along_count;
	int64_t along_limit;

	/* blockers.c */
	int64_t shooed_us; /* when an autovacuum was last asked to leave */

	/* limits.c: what the session was told outside of transactions */
	int lock_timeout_ms, statement_timeout_ms;
	bool own_lock_timeout; /* the script has set it */

	/* watch.c */
	struct pg_watch *watch; /* of the statement that runs, or NULL */
	struct pg *watcher;	/* the connection that looks */

	/* row_waits.c */
	struct pg_row_wait {
		bool on;   /* of the statement that runs */
		bool over; /* it is ended for having waited */
		bool ends; /* ... which we are to see to */
		int limit_ms;
		bool own;	/* the script has set its own time-out */
		bool timed_out; /* the last one was, and those are who it
				   waited for */
		const char *relation;
		int64_t began_us, since_us, looked_us, seen_us;
		int64_t blind_us; /* when there was no second connection */
		TALLOC_CTX *turn; /* of the last look */
		struct fact_blocker seen[PG_MOST_SEEN];
		size_t seen_count;
	} row_wait;

	/* pooler.c */
	bool direct;	 /* the server's own process is at the other end */
	int backend_pid; /* its number, as the server knows it */

	/* rows.c: statements, each with \001 behind it */
	char *put_aside, *put_back;

	/* scratch.c */
	struct pg *maintenance; /* from where the database is dropped */
};

static inline struct pg *pg_of(struct db *db)
{
	return (struct pg *)db;
}

/*
 * Puts a statement into the pipeline. What it points to has to live until
 * pg_sync(), but for its text and its parameters.
 */
int pg_send(struct pg *pg, const struct pg_statement *statement,
	    struct error *err);
int pg_send_sql(struct pg *pg, const char *sql, struct error *err);
/* The server shall answer what came so far before it goes on. */
int pg_flush(struct pg *pg, struct error *err);
/* A point after which a failure does not count any more; nothing waits. */
int pg_mark(struct pg *pg, struct error *err);
/*
 * Waits for everything that was sent. The first failure is the error; a row
 * function's nonzero is returned.
 */
int pg_sync(struct pg *pg, struct error *err);
/* The same, but only for this one; without a failure nothing is synced. */
int pg_await(struct pg *pg, const struct pg_outcome *outcome,
	     struct error *err);
/* One statement, sent and waited for. */
int pg_run(struct pg *pg, const struct pg_statement *statement,
	   struct error *err);
int pg_run_sql(struct pg *pg, const char *sql, struct error *err);
/* Waits until a result can be had; false: the connection is of no use. */
bool pg_await_result(struct pg *pg);
/* Waits for the cancel that is on its way, and then gives it up. */
void pg_cancel_end(struct pg *pg, int64_t patience_us);
/* Whether it is inside a transaction now. */
void pg_note_transaction(struct pg *pg);
/* Calls the tick when it is due; true when the person asked to stop. */
bool pg_tick(struct pg *pg);
/* The server has forgotten what it had prepared. */
void pg_forget_kept(struct pg *pg);

/* --- inquire.c ------------------------------------------------------------ */

int pg_inquire(TALLOC_CTX *mem, struct db *db, struct db **again, bool *over,
	       struct error *err);

/* --- copy.c --------------------------------------------------------------- */

/* Runs COPY FROM STDIN with these rows; nothing else may be on its way. */
int pg_copy_in(struct pg *pg, const struct pg_statement *statement,
	       const char *rows, size_t length, struct error *err);

/* --- failure.c ------------------------------------------------------------ */

/* Fills err from a result; what is known about a statement goes into pg. */
void pg_failure(struct pg *pg, const struct pg_step *step, const PGresult *res,
		struct error *err);
int pg_failure_lost(struct pg *pg, struct error *err);
int pg_failure_connect(PGconn *conn, const char *label, const char *password,
		       struct error *err);
/* The database does not take what we would write. */
int pg_failure_read_only(struct pg *pg, struct error *err);
/* Keeps a notice of the server for the error that may follow. */
void pg_notice(void *pg, const PGresult *res);

/* --- url.c ---------------------------------------------------------------- */

bool pg_accepts(const char *url);
const char *pg_environment_secret(const char *url);
char *pg_place(TALLOC_CTX *mem, const char *url, const char *top);
int pg_url_parse(TALLOC_CTX *mem, const char *url, struct pg_url *parsed,
		 struct error *err);
const char *pg_url_get(const struct pg_url *url, const char *key);
/* A copy in which key has that value. */
struct pg_url pg_url_with(TALLOC_CTX *mem, const struct pg_url *url,
			  const char *key, const char *value);

/* --- connect.c ------------------------------------------------------------ */

int pg_open(TALLOC_CTX *mem, const char *url, const struct db_options *options,
	    struct db **db, struct error *err);
/* The same to what is already taken apart. */
int pg_open_url(TALLOC_CTX *mem, const struct pg_url *url,
		const struct db_options *options, struct pg **pg,
		struct error *err);
/* Closes the connection and forgets what was true of it. */
void pg_disconnect(struct pg *pg);
int pg_connect(struct pg *pg, struct error *err);

/* --- session.c ------------------------------------------------------------ */

int pg_session_query(struct db *db, const char *sql, const char *const *params,
		     int param_count, db_row_fn row, void *data,
		     struct error *err);
int pg_session_queue(struct db *db, const char *sql, const char *const *params,
		     int param_count, struct error *err);
int pg_session_change(struct db *db, const char *sql, const char *const *params,
		      int param_count, int64_t *rows, struct error *err);
int pg_session_begin(struct db *db, const struct script *script,
		     struct error *err);
int pg_session_commit(struct db *db, struct error *err);
int pg_session_send_commit(struct db *db, struct error *err);
/* The transaction that was waited for is. */
void pg_session_committed(struct pg *pg, int64_t when_us);
void pg_session_rollback(struct db *db);
/* Whether the last COMMIT did commit. */
int pg_check_committed(struct pg *pg, const struct pg_outcome *outcome,
		       struct error *err);
/* Brings the session back to how it was when it was opened. */
int pg_reset(struct pg *pg, struct error *err);
/* The statements of the script are over; its transaction is not. */
int pg_close_script(struct pg *pg, struct error *err);

/* --- schema.c ------------------------------------------------------------- */

/* Finds the ledger's schema when that was not done yet. */
int pg_find_schema(struct pg *pg, struct error *err);
/*
 * The same in one round trip with a statement that names the ledger. *done is
 * false when that has to be sent again, with the schema that it needs.
 */
int pg_find_schema_along(struct pg *pg, const struct pg_statement *statement,
			 bool *done, struct error *err);

/* --- step.c, judge.c ------------------------------------------------------ */

int pg_begin_step(struct db *db, const struct script *script, size_t n,
		  struct error *err);
int pg_end_step(struct db *db, struct error *err);
bool pg_inside(struct db *db);

int pg_witness(TALLOC_CTX *mem, struct db *db, const struct script *script,
	       size_t n, char **text, struct error *err);
int pg_judge(TALLOC_CTX *mem, struct db *db, const struct script *script,
	     size_t n, const char *witness, enum db_verdict *verdict,
	     char **what, struct error *err);
int pg_clean(struct db *db, const struct script *script, size_t n,
	     const char *witness, struct error *err);

/* --- half.c --------------------------------------------------------------- */

/*
 * DROP INDEX CONCURRENTLY and ALTER TABLE ... DETACH PARTITION CONCURRENTLY
 * commit in their middle: an index that is to go is invalid from then on, the
 * rows of a partition are not seen any more. Neither is taken back; it is
 * finished. As witness(), judge() and clean() of struct db_engine.
 */
enum pg_half { PG_HALF_NOT, PG_HALF_DROP, PG_HALF_DETACH };
enum pg_half pg_half_of(const struct statement *s);
int pg_half_witness(TALLOC_CTX *mem, struct db *db, const struct script *script,
		    const struct statement *s, char **text, struct error *err);
int pg_half_judge(TALLOC_CTX *mem, struct db *db, enum pg_half half,
		  const char *witness, enum db_verdict *verdict, char **what,
		  struct error *err);
int pg_half_finish(struct db *db, enum pg_half half, const char *witness,
		   struct error *err);

/* --- lock.c --------------------------------------------------------------- */

int pg_lock(struct db *db, struct error *err);
int pg_unlock(struct db *db, struct error *err);
int pg_lock_holder(TALLOC_CTX *mem, struct db *db, struct db_holder *holder,
		   struct error *err);
/* After a script has let go of it (DISCARD ALL, pg_advisory_unlock_all()). */
int pg_lock_again(struct pg *pg, struct error *err);
/* Whether it is still held; for where nothing else has told. */
int pg_lock_check(struct pg *pg, struct error *err);
/* The keys of pg_advisory_lock(): ours, and the ledger's or scratch's. */
#define PG_LOCK_LEDGER 1734964333  /* "gitm" */
#define PG_LOCK_SCRATCH 1734964339 /* "gits" */

/* --- ahead.c -------------------------------------------------------------- */

int pg_transaction_send(struct db *db, const struct script *script, bool *sent,
			struct error *err);
int pg_transaction_take(struct db *db, const struct script *script,
			struct facts *facts, struct error *err);
/* Whether this makes something new, and puts no row into it. */
bool pg_ahead_only_makes(const struct script *script,
			 const struct statement *s);
/* Whether nothing of the one that is being sent can change the session. */
bool pg_ahead_leaves_session(const struct pg *pg);
/* Once none is on its way: takes the lock again that was missed. */
int pg_ahead_lock_again(struct pg *pg, struct error *err);
/* The end of the one that is being sent. */
int pg_ahead_commit(struct pg *pg, struct error *err);
/* None of those that were sent is waited for any more. */
void pg_ahead_forget(struct pg *pg);

/* --- execute.c, held.c ---------------------------------------------------- */

int pg_execute(struct db *db, const struct script *script, size_t n,
	       struct facts *facts, struct error *err);
/* A part of the rows, or (NULL) all of them. */
int pg_execute_part(struct db *db, const struct script *script, size_t n,
		    const struct batch_part *part, struct facts *facts,
		    struct error *err);
/* Makes the session ready for a script that is in no transaction of ours. */
int pg_start_script(struct pg *pg, const struct script *script, size_t n,
		    struct error *err);
/* Sends statement n of a transaction that is sent as a whole, and the look at
   its locks, if it is worth one. */
int pg_execute_send(struct pg *pg, const struct script *script, size_t n,
		    struct pg_look *look, struct error *err);
/* All of that transaction that was answered is there, and its looks are read:
   what it says of the statement, which could begin at started_us. */
void pg_execute_tell(struct pg *pg, const struct script *script, size_t n,
		     struct pg_look *look, int64_t started_us,
		     struct facts *facts);
/* Where in the script it failed. */
void pg_execute_place(const struct pg *pg, const struct script *script,
		      size_t n, struct error *err);
/* Learns what is there, when the script could drop or rewrite some of it. */
int pg_held_prepare(struct pg *pg, const struct script *script,
		    struct error *err);
/* Whether it can drop, rename, rewrite or index nothing that was there. */
bool pg_held_is_harmless(const struct statement *statement);
/* A statement in no transaction is over: what it rewrote or built. */
int pg_held_compare(struct pg *pg, struct facts *facts,
		    struct fact_statement *statement, struct error *err);
/* Whether that is done, or not needed. */
bool pg_held_is_prepared(const struct pg *pg, const struct script *script);
/* Whether the locks are worth a look after this statement; *since_us gets when
   an earlier one was sent that was passed over, if that matters. */
bool pg_held_wanted(struct pg *pg, const struct script *script, size_t n,
		    int64_t *since_us);
/* Before a statement of a script: settings that a look must not run under. */
void pg_held_note_settings(struct pg *pg, const struct script *script,
			   const struct statement *statement);
/* Before a transaction for a script: what counts, counts from here on. */
int pg_held_start(struct pg *pg, struct error *err);
/* Learns what a relation is called. */
void pg_held_meet(struct pg *pg, unsigned oid, const char *schema,
		  const char *name, char kind);
/* Whether the transaction has made this table, and put no row into it. */
bool pg_held_is_new_and_empty(const struct pg *pg, const char *table);
/* The transaction is over. */
void pg_held_release(struct pg *pg);
/* Names that were learned may not be true any more. */
void pg_held_forget(struct pg *pg);

/* --- look.c --------------------------------------------------------------- */

/* Sends the look. */
int pg_look_send(struct pg *pg, struct pg_look *look, struct error *err);
/* It has arrived. */
void pg_look_read(struct pg_look *look);
/* ... and what it has found goes to its facts. */
void pg_look_tell(struct pg *pg, struct pg_look *look);
/* What it has found is of no use. */
void pg_look_drop(struct pg_look *look);
/* Waits for pg->look, when that is pending: before anything else is sent. */
int pg_look_settle(struct pg *pg, struct error *err);

/* --- observe.c ------------------------------------------------------------ */

/* A statement begins, or the end of a transaction, whose facts these are. */
void pg_observe_begin(struct pg *pg, struct facts *facts);
/* Before something is waited for: what else to wait for, if anything, and no
   longer than that. */
void pg_observe_wait(struct pg *pg, struct pollfd *poller, int *timeout_ms);
void pg_observe_go_on(struct pg *pg, const struct pollfd *poller);
/* What was seen of a lock that a statement took. */
void pg_observe_lock(struct pg *pg, struct fact_lock *lock);
/* What it has reported of itself. */
void pg_observe_phases(struct pg *pg, struct fact_statement *statement);
/* A statement in no transaction is over: its locks were seen, or were not. */
void pg_observe_outside(struct pg *pg, struct facts *facts,
			const struct fact_statement *statement);
/* Gives the second connection back, if there is one; another is opened when it
   is worth one. */
bool pg_observe_close(struct pg *pg);
/* The commit is about to be sent. */
void pg_observe_ending(struct pg *pg);
/* The transaction is over. */
void pg_observe_end(struct pg *pg, int64_t ended_us);

/* --- waits.c -------------------------------------------------------------- */

/* A statement begins. */
void pg_waits_begin(struct pg *pg);
/* The statement is over, and so are its waits. */
void pg_waits_tell(struct pg_look *look);
/* The locks it took are known. */
void pg_waits_tell_locks(struct pg_look *look);

/* --- blockers.c, limits.c, watch.c, pooler.c ------------------------------ */

int pg_blockers(TALLOC_CTX *mem, struct db *db, const struct script *script,
		size_t first, size_t count, struct fact_blocker **blockers,
		size_t *blocker_count, struct error *err);
/* A row of pid, transaction, user, application, age, state, query, relation,
   mode; the strings go to mem. */
void pg_take_blocker(TALLOC_CTX *mem, const char *const *values,
		     struct fact_blocker *blocker);

/* Sends the time-outs for the transaction that has just begun. */
int pg_limits_send(struct pg *pg, struct error *err);
/* The same for statement s outside of one. */
int pg_limits_send_step(struct pg *pg, const struct script *script,
			const struct statement *s, struct error *err);
int pg_limits_send_outside(struct pg *pg, const struct script *script,
			   const struct statement *s, struct error *err);
/* Whether the statement sets a lock time-out itself. */
bool pg_limits_are_set(const struct script *script, const struct statement *s);
/* The session is as it was when opened. */
void pg_limits_forget(struct pg *pg);

/* Only the main connection stays, until another is needed. */
void pg_leave_alone(struct pg *pg);
/* Begins to watch a statement that a lock time-out would leave half done. */
int pg_watch_begin(struct pg *pg, const struct statement *s, struct error *err);
/* To be called while it runs: true when it has waited long enough. */
bool pg_watch_is_over(struct pg *pg);
/* The statement has ended so; what is half done is cleaned up. */
int pg_watch_end(struct pg *pg, int result, struct error *err);
/* One of our own, outside of transactions, that waits for others: watched, and
   for as long as --lock-wait says. */
int pg_run_patiently(struct pg *pg, const char *sql, struct error *err);

/* The second connection that is asked while something waits: whether there is
   one. */
bool pg_watcher_open(struct pg *pg);

/* A statement that may wait for rows begins, see row_waits.c; NULL: a question
   of ours in its transaction. */
void pg_row_wait_begin(struct pg *pg, const struct script *script,
		       const struct statement *s);
/* The same for what we do outside of scripts, which may wait for
   options.wait_ms. */
void pg_row_wait_begin_ours(struct pg *pg);
/* It has ended so: who was in the way for too long is an error. */
int pg_row_wait_end_ours(struct pg *pg, int result, struct error *err);
/* To be called while it runs: true when it has waited for too long. */
bool pg_row_wait_is_over(struct pg *pg);
/* Until when, at most, that does not have to be called. */
void pg_row_wait_due(const struct pg *pg, int *timeout_ms);
/* It has ended so: that it waited too long is a lock time-out. */
int pg_row_wait_end(struct pg *pg, int result, struct error *err);
/* Copies on mem of who had what a statement has just waited for in vain, told
   once: before the next attempt nobody knows. */
void pg_row_wait_recall(TALLOC_CTX *mem, struct pg *pg,
			struct fact_blocker **list, size_t *count);

/* Whether what was found at the other end may be worked with; refuses a
   pooler that hands out another session for each transaction. */
int pg_pooler_check(struct pg *pg, const char *backend_pid, struct error *err);

/* --- batch.c -------------------------------------------------------------- */

int pg_key(TALLOC_CTX *mem, struct db *db, const char *table,
	   const char *column, struct db_key *key, struct error *err);
int pg_ask(struct db *db, const char *sql, db_row_fn row, void *data,
	   struct error *err);
int pg_load(struct db *db, struct db_load *load, struct error *err);

/* --- the others ----------------------------------------------------------- */

int pg_count_rows(struct db *db, const char *table, int64_t limit,
		  int64_t *rows, bool *estimated, struct error *err);
int pg_count_tables(struct db *db, struct db_count *counts, size_t count,
		    int64_t limit, struct error *err);
void pg_count_along(struct db *db, struct db_count *counts, size_t count,
		    int64_t limit);
int pg_count_send(struct pg *pg, struct db_count *counts, size_t count,
		  int64_t limit, struct error *err);
/* Whether the script alone tells that none of its tables is there before. */
bool pg_count_is_needless(const struct script *script);
/* Send what is to be counted along, once: before the script, after it. */
int pg_count_send_before(struct pg *pg, const struct script *script,
			 struct error *err);
/* Fills in what is to be counted after it, if all of that is known. */
void pg_count_known_after(struct pg *pg);
int pg_count_send_after(struct pg *pg, struct error *err);
int pg_definition(TALLOC_CTX *mem, struct db *db, const char *table,
		  char ***statements, size_t *count, struct error *err);
void pg_mend(struct mend *mend, const struct mend_request *request);
int pg_catalog(TALLOC_CTX *mem, struct db *db, struct catalog **catalog,
	       struct error *err);
/* Inside of a transaction that PG_BEGIN_LOOK began; pg_sync() is still to
   come. The settings alone, and with what is in the database. */
#define PG_BEGIN_LOOK "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
int pg_catalog_settings(struct pg *pg, struct error *err);
int pg_catalog_send(struct pg *pg, struct catalog *catalog, struct error *err);
/* Sends the statements of a file like those of the catalog. */
int pg_catalog_send_file(struct pg *pg, const char *file, db_row_fn row,
			 void *data, struct error *err);

/* --- rows.c, tables.c ----------------------------------------------------- */

extern const struct db_rows pg_rows;
int pg_tables(TALLOC_CTX *mem, struct db *db, struct db_tables **tables,
	      struct error *err);
char *pg_value_form(TALLOC_CTX *mem, const struct db_column *column,
		    const char *plain);
int pg_contents(TALLOC_CTX *mem, struct db *db, struct db_contents **contents,
		struct error *err);
/* The same in such a transaction, which has those settings. */
int pg_contents_inside(TALLOC_CTX *mem, struct pg *pg,
		       struct db_contents **contents, struct error *err);
int pg_backup(TALLOC_CTX *mem, struct db *db, const char *path,
	      struct db_snapshot *snapshot, struct error *err);
int pg_restore_backup(struct db *scratch, const char *path, struct error *err);
int pg_scratch(TALLOC_CTX *mem, struct db *target, const char *scratch_url,
	       struct db **scratch, struct error *err);
int pg_scratch_copy(TALLOC_CTX *mem, struct db *from, struct db **scratch,
		    struct error *err);
/* Drops the database of a scratch; its connection is closed already. */
void pg_scratch_drop(struct pg *pg);

char *pg_quote_name(TALLOC_CTX *mem, const char *name);
char *pg_fold_name(TALLOC_CTX *mem, const char *written);
/* Always in quotes: for statements of our own. */
char *pg_quote(TALLOC_CTX *mem, const char *name);
/* A relation as written ("users", "app.users"), quoted for to_regclass(). */
char *pg_quote_relation(TALLOC_CTX *mem, const char *name);
/* Whether one of our own tables is named. */
bool pg_names_ledger(const char *sql);
/* The text with our own tables' names put into the schema. */
char *pg_qualify(TALLOC_CTX *mem, const char *schema, const char *sql);

/* widen.c */
bool pg_widens(struct db *db, const struct loss *loss);
int pg_split(struct script *script, struct error *err);
int pg_check_syntax(const struct db *db, const struct script *script, size_t *n,
		    struct error *err);
int pg_changes(struct changes *changes, const struct script *script, size_t n,
	       struct error *err);

#endif
