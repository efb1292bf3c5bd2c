#ifndef CORE_DB_MYSQL_INTERNAL_H
#define CORE_DB_MYSQL_INTERNAL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/db/db.h"
#include "lazy/mariadb.h"

/*
 * The engine of MariaDB and MySQL, between its files:
 *
 *	url.c		URLs, and what in them is a secret
 *	connect.c	opening connections
 *	wire.c		statements to the server and back
 *	prepared.c	those with parameters
 *	packet.c	several of them at once
 *	failure.c	the server's errors as ours
 *	session.c	transactions, and bookkeeping beside a script
 *	inquire.c	what became of one whose connection was lost
 *	step.c		transactions for one statement of a script
 *	judge.c		what became of a statement that was begun
 *	change.c	... and by what that can be known
 *	lock.c		the lock that keeps other runs out
 *	need.c		which locks statements will ask for
 *	blockers.c	who has them
 *	limits.c	how long a statement may wait and take
 *	watch.c		... where the server cannot be told
 *	ours.c		... and what is ours, beside scripts
 *	execute.c	the statements of a script
 *	batch.c		what running in batches has to know
 *	observe.c	a connection that looks on while they run
 *	look.c		... what it is asked
 *	held.c		... which tables they locked
 *	modes.c		... and how
 *	waits.c		... how long they waited
 *	victims.c	... who waited for them
 *	numbers.c	... what InnoDB knows their tables by
 *	effects.c	... what they rebuilt, and how
 *	counts.c	... and what they read from start to end
 *	count.c		rows of tables
 *	definition.c	what makes a table again
 *	catalog.c	what is in the database
 *	contents.c	... and in its tables
 *	rows.c		... row by row
 *	tables.c	what a row of each is made of
 *	backup.c	mariadb-dump and mariadb
 *	scratch.c	scratch databases
 *	copy.c		... and what is copied into them
 *	names.c		identifiers
 *	split.c		scripts into statements
 *	analysis.c	what a statement touches and needs
 *	widen.c		whether a change of type destroys anything
 *
 * A database has two connections, or three. The main one runs scripts and
 *whatever has to be in their transactions. The one beside it is opened when it
 *is first needed and is never touched by a script: it holds the lock between
 *runs, cancels a statement of the main one, looks at its locks, and does the
 * bookkeeping while a script has changed the main one's settings. A third one
 * looks on while a statement lasts; the run does not depend on it.
 */

/* --- url.c ---------------------------------------------------------------- */

enum my_tls {
	MY_TLS_DEFAULT, /* as the option files say */
	MY_TLS_DISABLED,
	MY_TLS_PREFERRED,
	MY_TLS_REQUIRED,
	MY_TLS_VERIFY_CA,
	MY_TLS_VERIFY_IDENTITY,
};

struct my_url {
	bool mariadb;						/* the scheme */
	const char *user, *password, *host, *socket, *database; /* or NULL */
	unsigned port; /* 0: as the option files say, or 3306 */
	const char *default_file, *default_group; /* or NULL */
	enum my_tls tls;
	const char *tls_ca, *tls_cert, *tls_key;
	int connect_timeout; /* seconds; 0: not said */
};

bool my_accepts_mariadb(const char *url);
bool my_accepts_mysql(const char *url);
const char *my_environment_secret(const char *url);
char *my_place(TALLOC_CTX *mem, const char *url, const char *top);
/* Whether it names a host that is not this machine. */
bool my_url_leaves_machine(const struct my_url *url);
/* Strings hang on mem; the error repeats no part of the URL that may be a
   secret. */
int my_url_parse(TALLOC_CTX *mem, const char *url, struct my_url *parsed,
		 struct error *err);

/* --- connections ---------------------------------------------------------- */

struct my;

/* A statement that the server keeps prepared. */
struct my_kept {
	char *sql; /* as it came, with $1 */
	MYSQL_STMT *stmt;
	unsigned *numbers; /* which parameter each ? stands for, from 0 */
	unsigned count;	   /* of question marks */
};

struct my_conn {
	struct my *my;
	MYSQL *mysql;	  /* NULL: not open */
	unsigned long id; /* for KILL, PROCESSLIST */
	bool lost;
	unsigned failed; /* the number of the last error */
	int64_t changed; /* rows, by the last prepared statement */
	bool connecting;
	bool watched; /* ticks, and looks at locks, while it waits */
	/* whether the server takes several statements at once: 1 yes, 0 no, -1
	   not known */
	int several;
	struct my_kept **kept;
	size_t kept_count;
};

/* A statement that waits to be sent with others, see packet.c. */
enum my_must {
	MY_MUST_RUN,
	MY_MUST_CHANGE_ONE, /* row */
	MY_MUST_BE_HELD,    /* it asks for the lock */
};

struct my_queued {
	char *text;
	enum my_must must;
};

/* What came of one statement. */
struct my_outcome {
	int64_t rows; /* affected; -1 when it gave rows instead */
};

enum my_transaction {
	MY_IDLE,
	MY_BOOKKEEPING, /* begin() without a script */
	MY_SCRIPT,	/* begin() with one */
	MY_STEP,	/* begin_step() */
};

/* How locks can be looked at, see held.c. */
enum my_locks {
	MY_LOCKS_UNKNOWN, /* not asked yet */
	MY_LOCKS_NONE,
	MY_LOCKS_SCHEMA, /* performance_schema.metadata_locks */
	MY_LOCKS_PLUGIN, /* information_schema.METADATA_LOCK_INFO */
};

/* A statement that waits for others, see watch.c. */
struct my_watch {
	bool on;
	bool rows;	  /* it only is to be told whom it waits for */
	const char *ours; /* it is this one, no statement of a script */
	bool ends;	  /* which is not to wait for ever */
	const struct script *script;
	size_t n;
	int64_t began_us, next_us;
	int64_t waiting_us; /* since when it is seen to wait; 0: it does not */
	bool worked;	    /* it had its locks once */
	bool ended;	    /* by us, for waiting too long */
	TALLOC_CTX *turn;   /* of what waiting_for says */
	struct fact_blocker *seen; /* on it, by the last look of ours.c */
	size_t seen_count;
};

/* What the session of the main connection was told, see limits.c. */
struct my_told {
	int lock_s, row_s;	      /* -1: as the server has it */
	int statement_ms;	      /* 0: none */
	bool own_lock, own_statement; /* the script has set its own */
};

/* A connection of the last look for blockers, see blockers.c. */
struct my_seen {
	int64_t id;
	char *started, *query; /* its transaction, its statement; or NULL */
	unsigned number;       /* of ours, one a transaction */
};

/* Counters of the session, see counts.c. */
struct my_counts {
	int seen;
	int64_t rows, selects, changes;
};

struct my {
	struct db db;
	struct my_url url;
	struct my_conn main, side;

	/* wire.c */
	const char *waiting_for;
	int64_t last_tick_us, cancelled_us, interrupted_us;
	bool interrupted;

	/* session.c */
	enum my_transaction transaction;
	bool tainted;		     /* a script may have changed settings */
	bool closed;		     /* the script in the transaction is over */
	bool tables_locked;	     /* LOCK TABLES of a script is in force */
	const struct script *script; /* whose statements ran last */
	size_t step;		     /* the one that begin_step() was for */

	/* packet.c */
	struct my_queued *queued;
	size_t queued_count;
	bool no_several; /* the server refuses them */

	/* lock.c */
	bool locked;
	bool read_only;	    /* as the server said along with the lock */
	int64_t checked_us; /* that it was held, and no script has run since;
			       0: not known */

	/* limits.c, watch.c */
	struct my_told told;
	struct my_watch watch;

	/* blockers.c */
	bool asked_rights, sees_transactions, sees_programs, may_kill;
	bool no_probe;	  /* it may not try locks */
	int64_t cache_us; /* that the one of InnoDB was last read */
	bool timed_out;	  /* the last statement that asked for locks */
	struct my_seen *seen;
	size_t seen_count;
	unsigned seen_number;
	char *seen_at;	       /* the server's time of the last look */
	int64_t busy_since_us; /* that a probe found the tables so */
	struct fact_blocker *row_holders;
	size_t row_holder_count;
	bool met; /* and were waited for until they let go */

	/* observe.c and what belongs to it */
	enum my_locks locks;
	bool plugin; /* METADATA_LOCK_INFO is there, perhaps beside them */
	struct my_observer *observer;
	struct facts *observed; /* of the transaction, or NULL */
	size_t first_statement; /* of the transaction, in the facts */
	int64_t begun_us;	/* ... when it was sent */
	int64_t statement_us, next_look_us, look_cost_us;
	bool running;	       /* a statement of a script */
	int statement;	       /* its index, from 1 */
	bool redefines;	       /* it asks for tables exclusively */
	bool copies, in_place; /* it was seen to */
	/* what was asked last: about ours, and about others */
	int64_t looked_us, tables_looked_us, rows_looked_us;
	int64_t earliest_us; /* nothing was locked that is not seen yet */
	bool caught_up;	     /* the last look saw all there was */
	int64_t ending_us;   /* that the commit was sent; 0: it was not */
	struct my_sight *sights;
	size_t sight_count;
	bool unnamed;		/* somebody's application is to be asked for */
	bool timing, no_timing; /* see waits.c */
	struct my_part *parts;
	size_t part_count;
	struct my_wait *waits;
	size_t wait_count;
	bool counting, no_counts, calibrated; /* see counts.c */
	struct my_counts counts, asking;
	struct my_numbers *numbers; /* see effects.c */
	const struct script *numbers_of;
	bool no_numbers;
	int64_t numbers_cost_us, numbers_least_us;

	/* execute.c */
	bool refused; /* the statement said so, without failing */

	/* scratch.c */
	bool scratch;		  /* dropped when closed */
	const char *not_to_touch; /* the database it stands in for, or NULL */
};

static inline struct my *my_of(struct db *db)
{
	return (struct my *)db;
}

/* --- connect.c ------------------------------------------------------------ */

int my_open(TALLOC_CTX *mem, const char *url, const struct db_options *options,
	    struct db **db, struct error *err);
int my_open_url(TALLOC_CTX *mem, const struct my_url *url,
		const struct db_options *options, struct my **my,
		struct error *err);
/* The connection beside the main one, opened when it is not. */
int my_side(struct my *my, struct my_conn **side, struct error *err);
/* Makes the main connection of another one that of the side. */
int my_side_adopt(struct my *my, struct my *other, struct error *err);
/* Brings the main connection back to how it was when it was opened. */
int my_conn_reset(struct my_conn *c, struct error *err);
void my_conn_close(struct my_conn *c);
/* Begins to open one, without the database: what the library waits for. Once
   it is there, my_conn_started() says whether it is good. */
int my_conn_start(struct my_conn *c);
int my_conn_started(struct my_conn *c, struct error *err);
/* Whether the server is a MariaDB. */
bool my_is_mariadb(const struct my *my);

/* --- wire.c --------------------------------------------------------------- */

/* What an asynchronous call of the library waits for; see my_wait(). */
#define MY_CALL(c, ret, name, ...)                                             \
	do {                                                                   \
		int status_ = name##_start(&(ret), __VA_ARGS__);               \
                                                                               \
		while (status_)                                                \
			status_ = name##_cont(&(ret), MY_FIRST(__VA_ARGS__),   \
					      my_wait(c, status_));            \
	} while (0)
#define MY_FIRST(...) MY_FIRST_(__VA_ARGS__, )
#define MY_FIRST_(first, ...) first
/* Waits for the socket, with ticks meanwhile; returns what is ready. */
int my_wait(struct my_conn *c, int status);

/* One statement as text. row and outcome may be NULL. A row function's nonzero
   is returned once all rows were read. */
int my_run(struct my_conn *c, const char *sql, size_t length, db_row_fn row,
	   void *data, struct my_outcome *outcome, struct error *err);
int my_run_sql(struct my_conn *c, const char *sql, struct error *err);
/* `count` statements of ours with a ; between them. rows[] gets how many each
   has changed, or given. */
int my_run_several(struct my_conn *c, const char *sql, int64_t *rows,
		   size_t count, struct error *err);
/* Whether the server takes several at once. */
int my_take_several(struct my_conn *c, bool take, struct error *err);
/* One with $1, $2 ... parameters, prepared once. */
int my_query(struct my_conn *c, const char *sql, const char *const *params,
	     int param_count, db_row_fn row, void *data, struct error *err);
/* The server has forgotten what it had prepared. */
void my_forget_kept(struct my_conn *c);
/* Whether a transaction is open there. */
bool my_in_transaction(const struct my_conn *c);
/* Calls the tick when it is due; true when the person asked to stop. */
bool my_tick(struct my *my);

/* --- packet.c ------------------------------------------------------------- */

/* Keeps a statement of the transaction for bookkeeping that is open; one that
   does not come to what it must is an ERROR_BUSY. Both may send. */
int my_packet_add(struct my *my, const char *sql, const char *const *params,
		  int param_count, enum my_must must, struct error *err);
int my_packet_send(struct my *my, struct error *err);
void my_packet_drop(struct my *my);

/* --- failure.c ------------------------------------------------------------ */

/* Fills err after the library reported a failure on c. */
int my_failure(struct my_conn *c, unsigned number, const char *message,
	       const char *sqlstate, struct error *err);
int my_failure_connect(struct my_conn *c, struct error *err);
/* Where in the statement the mistake is, as far as error `number` tells. */
size_t my_failure_offset(unsigned number, const char *message, const char *text,
			 size_t length);

/* --- session.c ------------------------------------------------------------ */

int my_session_query(struct db *db, const char *sql, const char *const *params,
		     int param_count, db_row_fn row, void *data,
		     struct error *err);
int my_session_queue(struct db *db, const char *sql, const char *const *params,
		     int param_count, struct error *err);
int my_session_queue_one(struct db *db, const char *sql,
			 const char *const *params, int param_count,
			 struct error *err);
int my_session_change(struct db *db, const char *sql, const char *const *params,
		      int param_count, int64_t *rows, struct error *err);
int my_session_begin(struct db *db, const struct script *script,
		     struct error *err);
int my_session_commit(struct db *db, struct error *err);
void my_session_rollback(struct db *db);
/* The connection for statements of ours, whatever a script is doing. */
int my_beside_script(struct my *my, struct my_conn **conn, struct error *err);
/* Brings the session back when a script has changed it. */
int my_reset(struct my *my, struct error *err);

/* --- inquire.c ------------------------------------------------------------ */

int my_inquire(TALLOC_CTX *mem, struct db *db, struct db **again, bool *over,
	       struct error *err);

/* --- step.c, judge.c ------------------------------------------------------ */

int my_begin_step(struct db *db, const struct script *script, size_t n,
		  struct error *err);
int my_end_step(struct db *db, struct error *err);
bool my_inside(struct db *db);
int my_escapes(struct db *db, const struct script *script, size_t first,
	       size_t count, bool *escapes, struct error *err);
int my_witness(TALLOC_CTX *mem, struct db *db, const struct script *script,
	       size_t n, char **text, struct error *err);
int my_judge(TALLOC_CTX *mem, struct db *db, const struct script *script,
	     size_t n, const char *witness, enum db_verdict *verdict,
	     char **what, struct error *err);

/* --- the others ----------------------------------------------------------- */

int my_lock(struct db *db, struct error *err);
int my_unlock(struct db *db, struct error *err);
int my_lock_holder(TALLOC_CTX *mem, struct db *db, struct db_holder *holder,
		   struct error *err);
int my_still_locked(struct db *db, struct error *err);
/* Whether it is still held, taking it again when the connection was lost. */
int my_lock_check(struct my *my, struct error *err);
/* The same, unless it has just been asked and nothing of a script has run
   since: whoever takes it needs the main connection's part of it, too, which
   that loses with its session alone. */
int my_lock_check_lately(struct my *my, struct error *err);
void my_lock_restore(struct my *my);
/* GET_LOCK()s names without waiting for them. */
int my_try_lock(struct my_conn *c, const char *prefix, const char *database,
		bool *taken, struct error *err);

/* Makes the session ready for a script that is in no transaction of ours. */
int my_start_script(struct my *my, const struct script *script, size_t n,
		    struct error *err);
int my_execute(struct db *db, const struct script *script, size_t n,
	       struct facts *facts, struct error *err);

/* A part of the rows, or (NULL) all of them. */
int my_execute_part(struct db *db, const struct script *script, size_t n,
		    const struct batch_part *part, struct facts *facts,
		    struct error *err);

/* --- batch.c -------------------------------------------------------------- */

int my_key(TALLOC_CTX *mem, struct db *db, const char *table,
	   const char *column, struct db_key *key, struct error *err);
int my_ask(struct db *db, const char *sql, db_row_fn row, void *data,
	   struct error *err);
int my_load(struct db *db, struct db_load *load, struct error *err);

/* --- observe.c ------------------------------------------------------------ */

/* Around one statement of a script; `outside`: it has let go of its locks. */
void my_observe_begin(struct my *my, const struct script *script, size_t n,
		      struct facts *facts);
void my_observe_statement(struct my *my, const struct script *script, size_t n,
			  struct fact_statement *fact, bool outside);
/* The transaction is over. */
void my_observe_end(struct my *my, int64_t ended_us);
/* While the main connection is waited for: what else to wait for, and how long
   at most; then what came of it. */
void my_observe_wait(struct my *my, struct pollfd *poller, int *timeout_ms);
void my_observe_go_on(struct my *my, const struct pollfd *poller);
/* Its connection; 0: there is none. */
unsigned long my_observer_id(const struct my *my);

/* --- held.c --------------------------------------------------------------- */

/* How they can be looked at. */
enum my_locks my_locks_way(struct my *my, struct my_conn *side);
/* Whether it gives a row, and (NULL: does not matter) may be asked at all. */
bool my_is_there(struct my_conn *side, const char *sql, bool *may);

/* --- blockers.c ----------------------------------------------------------- */

/* What the role may see of others, once. */
void my_ask_rights(struct my *my, struct my_conn *side);
int my_blockers(TALLOC_CTX *mem, struct db *db, const struct script *script,
		size_t first, size_t count, struct fact_blocker **blockers,
		size_t *blocker_count, struct error *err);
/* Whose rows the statement that runs waits for, to be recalled by
   my_blockers() when that was in vain; NULL: nobody's. */
const char *my_row_blockers(struct my *my, const struct statement *s);
void my_keep_blockers(struct my *my, const struct fact_blocker *list,
		      size_t count);
void my_forget_row_blockers(struct my *my);
/* Who keeps these tables ("name" or "database.name") from being read, or from
   being written to by others: one that waits for them is not the first. */
int my_holders(TALLOC_CTX *mem, struct my *my, const char *const *tables,
	       size_t table_count, bool write, struct fact_blocker **list,
	       size_t *count, struct error *err);
/* Until then InnoDB tells what it told before, and asked before that, for
   longer. */
int64_t my_cache_expires(const struct my *my);

/* --- limits.c ------------------------------------------------------------- */

/* Before a statement: tells the session how long it may wait and take. */
int my_limits_set(struct my *my, const struct script *script,
		  const struct statement *s, struct error *err);
/* The session is as it was opened. */
void my_limits_forget(struct my *my);

/* --- watch.c -------------------------------------------------------------- */

/* Around a statement that asks for locks. */
void my_watch_begin(struct my *my, const struct script *script, size_t n);
void my_watch_end(struct my *my);
/* While it runs, when it is due: ends it if it keeps others waiting. */
void my_watch_look(struct my *my);

/* What the process list says of the main connection. */
struct my_state {
	bool waits;	/* for a table */
	char query[24]; /* its number, or empty */
};

int my_read_state(struct my *my, struct my_state *state);
/* Ends that one statement. */
void my_end_statement(struct my *my, const struct my_state *state);

/* --- ours.c --------------------------------------------------------------- */

/* How long what we ask beside scripts may wait for others. */
int my_patience_ms(const struct my *my);
/* Around a question of ours on that connection, in no transaction: whoever has
   locked its table is told, and is an ERROR_BUSY when that lasts. */
int my_ours_begin(struct my *my, const struct my_conn *conn, const char *sql,
		  struct error *err);
/* Around a statement of ours in a transaction: that is told alone, until
   my_watch_end(). */
void my_ours_watch(struct my *my, const char *sql);
int my_ours_end(struct my *my, const struct my_conn *conn, const char *sql,
		int result, struct error *err);
/* While it waits; see my_watch_look(). */
void my_ours_look(struct my *my);

/* --- the others ----------------------------------------------------------- */

int my_count_rows(struct db *db, const char *table, int64_t limit,
		  int64_t *rows, bool *estimated, struct error *err);
int my_definition(TALLOC_CTX *mem, struct db *db, const char *table,
		  char ***statements, size_t *count, struct error *err);
void my_mend(struct mend *mend, const struct mend_request *request);
int my_catalog(TALLOC_CTX *mem, struct db *db, struct catalog **catalog,
	       struct error *err);
int my_contents(TALLOC_CTX *mem, struct db *db, struct db_contents **contents,
		struct error *err);
/* The two parts of it: settings of the main connection, and the look. */
int my_contents_settings(struct my *my, struct error *err);
int my_contents_now(TALLOC_CTX *mem, struct my *my,
		    struct db_contents **contents, struct error *err);
int my_backup(TALLOC_CTX *mem, struct db *db, const char *path,
	      struct db_snapshot *snapshot, struct error *err);
int my_restore_backup(struct db *scratch, const char *path, struct error *err);
int my_scratch(TALLOC_CTX *mem, struct db *target, const char *scratch_url,
	       struct db **scratch, struct error *err);
int my_scratch_copy(TALLOC_CTX *mem, struct db *from, struct db **scratch,
		    struct error *err);
/* Drops a scratch database and closes nothing. */
void my_scratch_drop(struct my *my);
/* Everything in from's database into to's, which is empty. */
int my_copy(struct my *from, struct my *to, struct error *err);

extern const struct db_rows my_rows;
int my_tables(TALLOC_CTX *mem, struct db *db, struct db_tables **tables,
	      struct error *err);

char *my_quote_name(TALLOC_CTX *mem, const char *name);
char *my_fold_name(TALLOC_CTX *mem, const char *written);
/* Always in backquotes: for statements of our own. */
char *my_quote(TALLOC_CTX *mem, const char *name);
/* "name" or "database.name" of a relation taken apart; *database may stay
   NULL. */
void my_split_name(TALLOC_CTX *mem, const char *relation, char **database,
		   char **name);
/* The text with our own tables' names put into the database. */
char *my_qualify(TALLOC_CTX *mem, const char *database, const char *sql);

/* widen.c */
bool my_widens(struct db *db, const struct loss *loss);
int my_split(struct script *script, struct error *err);
/* For looking at it alone: the inside of comments that are carried out, with
   spaces for what makes them comments, so that every offset stays. */
char *my_without_marks(TALLOC_CTX *mem, const char *text, size_t length);
/* Fills what a statement touches and needs; its strings hang on mem. `text` is
   the statement's own. */
void my_analyse(TALLOC_CTX *mem, struct statement *s, const char *text);

#endif
