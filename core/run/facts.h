#ifndef CORE_RUN_FACTS_H
#define CORE_RUN_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "core/migration.h"

/*
 * What one run measured. Engines and the executor fill it; the ledger,
 * comments, JSON and the terminal only render it. All memory hangs on the
 * struct facts itself.
 */

/* What a statement did to a relation, beside locking it. */
struct fact_effect {
	const char *relation;
	bool rewritten;	       /* all of it: its rows have new storage */
	int indexes_rewritten; /* indexes of it with new storage */
	int indexes_built;     /* indexes that are new */
	int64_t scans;	       /* how often it was read from start to end */
	int64_t rows_scanned;  /* ... and the rows that were read so */
	int64_t inserted, updated, deleted; /* rows, also by triggers, cascades
					       and functions */
};

/* A part of a statement that the server reports, and how long it lasted, as
   far as it was seen. */
struct fact_phase {
	const char *name;
	double ms;
};

struct fact_statement {
	int index; /* from 1, in the script */
	int count; /* 1, or how many like statements this one stands for */
	const char *kind;
	const char **relations;
	size_t relation_count;
	int64_t rows; /* affected; -1 when the statement has no such count */
	double duration_ms;
	double from_ms; /* when it was sent, since the run began; -1: not known
			 */
	/* of one that runs in batches: in this run */
	bool batched;
	int batches;
	double longest_ms;   /* of one batch, to its commit */
	double throttled_ms; /* waited because others had too much to do */
	/* of duration_ms: until it was granted its locks, at least waited_ms
	   and at most waited_bound_ms more */
	double waited_ms, waited_bound_ms;
	int64_t wal_bytes; /* that the server wrote meanwhile, for others too;
			      -1: not measured */
	const char *algorithm; /* how it really changed the table: "INSTANT",
				  "INPLACE", "COPY"; or NULL */
	struct fact_effect *effects; /* only those that are not nothing */
	size_t effect_count;
	struct fact_phase *phases; /* of one that lasted, in their order */
	size_t phase_count;
};

struct fact_table {
	const char *name;
	int64_t rows_before, rows_after; /* -1: no such table or not counted */
	bool estimated;			 /* from statistics, shown with ~ */
};

struct fact_lock {
	const char *relation; /* as people write it; SQLite: the database */
	const char *mode;     /* "AccessExclusiveLock"; SQLite: "RESERVED" or
				 "WAL_WRITE_LOCK" (writers wait), "EXCLUSIVE"
				 (readers too), "PENDING" (readers who come
				 later, until those who are there are gone) */
	int64_t since_us;     /* clock_mono_us() when its statement was sent and
				 the wait for it was over */
	double held_ms;	      /* to the commit's reply; -1 while still held */
	/* How much of held_ms may be too much: it was held for at least
	   held_ms - bound_ms, and at most held_ms. -1: not known. */
	double bound_ms;
	double waited_ms; /* until it was granted; -1: not known */
	double from_ms;	  /* when it was taken, since the run began; -1: not
			     known */
	int statement;	  /* the index of the one that took it; 0: not known */
	/* what was done to the relation while it was held */
	bool rewrite, scan;
};

/* Someone who waited for what the run had locked, or had asked for. */
struct fact_victim {
	int64_t pid;	  /* process or connection */
	const char *user; /* and the next two: NULL where this role may not see
			     it */
	const char *application;
	const char *query;    /* shortened */
	const char *relation; /* what it waited for, and in which mode; or NULL
			       */
	const char *mode;
	double from_ms;	  /* when it began to wait, since the run began */
	double waited_ms; /* for at least so long, at most bound_ms longer */
	double bound_ms;
	const char *outcome; /* "served" when the run let go, "gave up" or was
				served before that: "gone" */

	/* not recorded */
	int64_t since_us; /* clock_mono_us() when it began to wait */
	int64_t seen_us;  /* when it was last seen waiting, by the clock that
			     the engine takes */
	int64_t key;	  /* what the engine knows this wait by */
	int64_t gone_us;  /* ... and first seen not to any more; or 0 */
	int64_t relation_key; /* ... and what it waits for; 0: not known */
	bool kept;	      /* the run has, for sure, what keeps it out */
};

/* A session, or a prepared transaction, whose lock is in a script's way. */
struct fact_blocker {
	int64_t pid;	  /* process or connection; 0: no session any more */
	const char *user; /* and the rest: NULL where this role may not see
			     it, or where there is none */
	const char *application;
	double age_ms;	      /* of its transaction; -1: not known */
	const char *state;    /* "idle in transaction", "prepared ..." */
	const char *query;    /* its last one, shortened */
	const char *relation; /* what it has locked, and how */
	const char *mode;

	/* not recorded */
	const char *transaction; /* tells one transaction from the next */
	const char *remedy;	 /* what a person can type to end it */
};

/* One time that the locks were asked for, or waited for in vain. */
struct fact_attempt {
	int number;	     /* from 1 */
	double started_ms;   /* since the run began */
	double waited_ms;    /* idle before it asked, and in vain */
	int timeout_ms;	     /* for each lock; 0: it did not come to asking */
	const char *outcome; /* "ok", "timeout", "deadlock", "gave up",
				"failed" for another reason */
	struct fact_blocker *blockers; /* who was in the way at first */
	size_t blocker_count;
};

struct facts {
	int64_t version;
	const char *name;
	enum direction direction;
	bool ok;
	bool unknown; /* not ok, and whether it was committed is not known */
	int64_t started_us; /* clock_wall_us() */
	int64_t began_us;   /* clock_mono_us() at the same time; not recorded */
	double duration_ms; /* from the first statement to the commit's reply */
	double lock_ms;	    /* the longest of the locks */
	struct fact_statement *statements;
	size_t statement_count;
	int statements_seen; /* also those that were taken together */
	struct fact_table *tables;
	size_t table_count;
	struct fact_lock *locks;
	size_t lock_count;
	struct fact_victim *victims; /* those that waited longest */
	size_t victim_count;
	int victims_seen; /* also those that are not among them */
	/* What looking at all this has cost, which is in no duration; and what
	   could not be seen, in words. */
	double observed_ms;
	const char **gaps;
	size_t gap_count;
	const char *error;  /* why it failed, or NULL */
	const char *repair; /* what a person decided instead of running it, and
			       who, or NULL */
	const char *confirmed_by; /* who said yes to what it destroys, or NULL
				   */
	/* only when something was in the way; the first and the last ones
	   when there are many */
	struct fact_attempt *attempts;
	size_t attempt_count;
};

struct facts *facts_new(TALLOC_CTX *mem, int64_t version, const char *name,
			enum direction direction);

/*
 * In a script of a million INSERTs, statements of one kind on the same
 * relations that follow each other are taken together after the first
 * thousand.
 */
struct fact_statement *facts_add_statement(struct facts *facts);
/*
 * The last entry is a batch of the same statement as the entry before: that one
 * takes it in, and is returned.
 */
struct fact_statement *facts_join_batch(struct facts *facts);
/* Of locks of one relation and mode, closed and at `from` or behind, only the
   longest is kept. */
void facts_join_locks(struct facts *facts, size_t from);
/* Milliseconds since the run began, of a clock_mono_us(); the first statement
   may have been sent ahead of the run, which is 0. */
double facts_since(const struct facts *facts, int64_t us);
/* The table's entry, made when it is new (rows -1). */
struct fact_table *facts_table(struct facts *facts, const char *name);
/*
 * Adds the lock, and returns its entry, unless that relation and mode are
 * already there (NULL).
 */
struct fact_lock *facts_add_lock(struct facts *facts, const char *relation,
				 const char *mode, int64_t since_us);
/* The statement's entry for a relation, made when it is new. */
struct fact_effect *facts_add_effect(struct facts *facts,
				     struct fact_statement *statement,
				     const char *relation);
/* The entry of that session's wait which began at that clock_mono_us(), give
   or take some milliseconds; made when it is new. NULL: there are enough. */
struct fact_victim *facts_add_victim(struct facts *facts, int64_t pid,
				     int64_t since_us);
/* Says once what could not be seen. */
void facts_add_gap(struct facts *facts, const char *gap);
/* Of one that was carried out, and was never written down: see sent.c. */
bool facts_tell_nothing(const struct facts *facts);
/* Adds one, numbered on from the last. */
struct fact_attempt *facts_add_attempt(struct facts *facts);
/* A copy on mem with all its text, without what is not recorded. */
void fact_blocker_copy(TALLOC_CTX *mem, const struct fact_blocker *from,
		       struct fact_blocker *to);
/* "process 123 (app, idle in transaction, open for 8.2 s)" */
char *fact_blocker_text(TALLOC_CTX *mem, const struct fact_blocker *blocker);
/* The same and what it has locked: "process 123 (...) on users" */
char *fact_blocker_text_on(TALLOC_CTX *mem, const struct fact_blocker *blocker);
/* The first with user, lock and query, for the list in an error. */
char *fact_blocker_line(TALLOC_CTX *mem, const struct fact_blocker *blocker);
/* What was measured since the copy `then` was made is forgotten, as it was
   rolled back; but not the tables. */
void facts_start_again(struct facts *facts, const struct facts *then);
/* Says of the locks at `from` and behind what was done under them. */
void facts_mark_locks(struct facts *facts, size_t from);
/* Closes one lock at this clock_mono_us(). */
void facts_release_lock(const struct facts *facts, struct fact_lock *lock,
			int64_t now_us);
/* The transaction is over: closes all locks at this clock_mono_us(). */
void facts_release_locks(struct facts *facts, int64_t now_us);

/* The facts as compact JSON: what the ledger keeps. */
char *facts_text(TALLOC_CTX *mem, const struct facts *facts);
/* One element of "runs" in the JSON of up, down and log; new reference. */
json_t *facts_json(const struct facts *facts);
/* The inverse, for facts read back from the ledger. */
struct facts *facts_from_json(TALLOC_CTX *mem, const json_t *json,
			      struct error *err);

#endif
