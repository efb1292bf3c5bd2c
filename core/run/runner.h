#ifndef CORE_RUN_RUNNER_H
#define CORE_RUN_RUNNER_H

#include <stdbool.h>
#include <talloc.h>

#include "core/db/db.h"
#include "core/run/batch.h"
#include "core/run/limits.h"
#include "core/run/plan.h"

/*
 * Runs migrations, one at a time, measured and recorded.
 *
 * A script that can be in a transaction commits together with its ledger row
 * and its run. What is known only after the commit (how long the locks were
 * held up to its reply, the rows that are there now) is added to the recorded
 * run by runner_finish(); a crash before that loses this refinement alone. Of a
 * transaction that was sent ahead (sent.c) that is all that was measured, and
 * is added every second. A script that cannot be in a transaction
 * is first recorded as unfinished, and its progress after each statement.
 */
struct runner {
	struct db *db;
	int64_t count_limit;  /* rows: exact counts up to here */
	const char *identity; /* who applies */
	const char *tool;     /* version of this program */
	bool record;	      /* false on scratch databases: no ledger */
	bool count; /* the rows of tables, also when nothing is recorded */
	struct batch_limits batch;
	const char *const *replica_urls; /* to ask for their lag, then NULL; or
					    NULL */

	/* How long to ask for a lock that others would queue behind (0: until
	   it is had, without looking first), and how long to try in all. */
	int lock_timeout_ms, lock_wait_ms;
	struct limits *limits; /* may be NULL */

	/* The text of a blob, owned by mem. */
	int (*read)(TALLOC_CTX *mem, const char *blob, char **text,
		    size_t *length, void *data, struct error *err);
	/* Said of each blob before they are read in this order. May be NULL. */
	void (*expect)(const char *blob, void *data);
	void *read_data;

	/* About to run; and done, skipped (another run was faster: facts is
	   NULL) or failed (facts->ok is false). May be NULL. */
	void (*starting)(const struct plan_item *item, void *data);
	void (*finished)(const struct plan_item *item,
			 const struct facts *facts, void *data);
	/* After a batch that is not the last. May be NULL. */
	void (*batched)(const struct batch_report *report, void *data);
	void *report_data;

	/* What runner_run() is called with after this one, or NULL. All of its
	   transaction may be sent to the database before this one is done: then
	   runner_has_sent() it, and runner_run() is to be called with it if
	   this one succeeds. */
	const struct plan_item *next;
	/* Other runs on this database are kept out: with the end of a script
	   the ledger may say that the next one is this run's. */
	bool alone;

	bool unfinished;   /* set when the last run has stopped half way */
	bool undone;	   /* set when it failed, and the database is known to
			      have nothing of it */
	size_t beyond;	   /* set when its connection was lost: how many after
			      it were or may be carried out, too */
	bool has_progress; /* internal: the table is there */

	struct claim *ahead; /* internal: of `next`, or NULL */

	struct sent *sent; /* internal: `next`, or NULL */

	struct run_record *records; /* internal: what finish() completes */
	size_t record_count;
	int64_t rough_since_us; /* internal: since when they are needed for more
				   than that; 0: they are not */
};

/*
 * Reads and checks every script of the plan before the first one is run: a
 * script that may not run, and that no later one would stop, is an error now.
 * A `hold` that is not in `released` ends the plan there.
 */
int runner_prepare(TALLOC_CTX *mem, struct runner *runner, struct plan *plan,
		   const int64_t *released, size_t released_count,
		   struct error *err);

/*
 * Of a prepared plan: a script whose syntax the database is certain to refuse
 * is an error, see db_engine's check_syntax().
 */
int runner_check_syntax(struct runner *runner, const struct plan_item *item,
			struct error *err);

/*
 * Runs one item of a prepared plan. *facts is set also on failure, when the
 * script got as far as being run; NULL with 0 means that another run did it.
 */
int runner_run(TALLOC_CTX *mem, struct runner *runner,
	       const struct plan_item *item, struct facts **facts,
	       struct error *err);

/* Whether it is being carried out already: it has to be run then, to know what
   became of it. */
bool runner_has_sent(const struct runner *runner, const struct plan_item *item);

/*
 * The relations that a script will write to, as far as that can be told before
 * it runs, each once; added to a list on mem.
 */
int runner_tables(TALLOC_CTX *mem, struct runner *runner,
		  const struct plan_item *item, const char ***names,
		  size_t *count, struct error *err);

/*
 * What the ledger says ahead of `next` is taken back, unless `item` is that
 * one: to be called, with NULL, when the plan ends early. An error says that it
 * is still there; the next run goes on from it as if it were not.
 */
int runner_let_go(struct runner *runner, const struct plan_item *item,
		  struct error *err);

/* Completes the records of what has run, where the connection is still there.
   What failed can be tried again. */
int runner_finish(struct runner *runner, struct error *err);
/* In any case, at the end: what could not be completed is let go. */
void runner_release(struct runner *runner);

#endif
