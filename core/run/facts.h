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

struct fact_statement {
	int index; /* from 1, in the script */
	int count; /* 1, or how many like statements this one stands for */
	const char *kind;
	const char **relations;
	size_t relation_count;
	int64_t rows; /* affected; -1 when the statement has no such count */
	double duration_ms;
	/* of one that runs in batches: in this run */
	bool batched;
	int batches;
	double longest_ms;   /* of one batch, to its commit */
	double throttled_ms; /* waited because others had too much to do */
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
				 (readers too) */
	int64_t since_us;     /* clock_mono_us() when its statement was sent */
	double held_ms;	      /* to the commit's reply; -1 while still held */
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
	double duration_ms; /* from the first statement to the commit's reply */
	double lock_ms;	    /* the longest of the locks */
	struct fact_statement *statements;
	size_t statement_count;
	int statements_seen; /* also those that were taken together */
	struct fact_table *tables;
	size_t table_count;
	struct fact_lock *locks;
	size_t lock_count;
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
/* The table's entry, made when it is new (rows -1). */
struct fact_table *facts_table(struct facts *facts, const char *name);
/* Adds the lock unless that relation and mode are already there. */
void facts_add_lock(struct facts *facts, const char *relation, const char *mode,
		    int64_t since_us);
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
