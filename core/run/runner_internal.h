#ifndef CORE_RUN_RUNNER_INTERNAL_H
#define CORE_RUN_RUNNER_INTERNAL_H

#include "core/progress.h"
#include "core/run/runner.h"

/* Between the files of the runner. */

/* --- prepare.c ------------------------------------------------------------ */

/* Reads and checks the item's scripts unless the preparation kept them. */
int runner_load(TALLOC_CTX *mem, struct runner *runner, struct plan_item *item,
		struct error *err);

/* --- runner.c ------------------------------------------------------------- */

/* The row of the ledger for an item that is applied. */
void runner_fill_row(const struct runner *runner, const struct plan_item *item,
		     const struct facts *facts, struct ledger_row *row);
/* Inserts it: queued in the transaction that is open. */
int runner_insert_row(const struct runner *runner, const struct plan_item *item,
		      const struct facts *facts, enum applied_state state,
		      int done, struct error *err);
/* Inserts the run in the transaction that is open; *id is its number. */
int runner_insert_run(struct runner *runner, const struct facts *facts,
		      int64_t *id, struct error *err);
/* Whether what was begun ahead is this one, to be run from its beginning. */
bool runner_is_same(const struct plan_item *planned,
		    const struct plan_item *item);
/* The run is committed: finish() will complete its record. */
void runner_remember(struct runner *runner, int64_t id, struct facts *facts);
/* Who has waited in vain for others does not wait once more to say so: what
   options.wait_ms was, to be put back. */
int runner_stop_waiting(struct runner *runner, const struct error *why);
/* A failed run is worth a record too, but never a second error. */
void runner_record_failure(struct runner *runner, struct facts *facts,
			   const struct error *why);
/* What the error is about: "unable to apply migration '...'". */
void runner_label_failure(const struct plan_item *item, struct error *err);
/* Runs statement n, and holds its answer to what `verify` asks. */
int runner_execute(struct runner *runner, const struct plan_item *item,
		   size_t n, struct facts *facts, struct error *err);
/* Splits the next script ahead of its turn, when an error is told. */
void runner_split_next(const struct runner *runner);
/* facts->duration_ms up to now */
void runner_measure(struct facts *facts, int64_t started_us);

/* --- sent.c --------------------------------------------------------------- */

/* While a COMMIT is on its way: sends the next transaction, if it may go. */
void runner_send_next(struct runner *runner);
/* The number of the run that was sent, which is waited for now; *item may be
   NULL. */
int64_t runner_take_sent(struct runner *runner, const struct plan_item **item);
/* One before it has failed: it is not carried out. */
void runner_forget_sent(struct runner *runner);
/* Completes the records when it is time to. */
void runner_write_down(struct runner *runner);

/* --- outcome.c ------------------------------------------------------------ */

/*
 * After the transaction of run `id` failed: whether it was committed all the
 * same (facts->ok), nothing of it is left (runner->undone), or that is not
 * known (facts->unknown), where its connection was lost. The error says so.
 */
void runner_find_outcome(struct runner *runner, const struct plan_item *item,
			 int64_t id, struct facts *facts, struct error *err);

/* The same for one that was sent after it; `before` is the failed one's. */
void runner_find_beyond(struct runner *runner, const struct facts *before,
			struct error *err);

/* --- batch.c -------------------------------------------------------------- */

/* Statement n, which runs in batches. */
struct batch_job {
	struct runner *runner;
	const struct plan_item *item;
	size_t n;
	struct facts *facts;
	const char *position; /* where another run ended, or NULL */
	/* In the transaction of a batch: tells the ledger how far it is; NULL:
	   all of it is done. */
	int (*keep)(const char *position, void *data, struct error *err);
	void *data;
};

/* In no transaction; after a failure one may be open. */
int batch_run(const struct batch_job *job, struct error *err);

/* --- claim.c -------------------------------------------------------------- */

/*
 * Says in the ledger that the item is unfinished and this run's, in a
 * transaction of its own. Fills in what *at says of its owner and of the first
 * statement, strings on mem.
 */
int claim_make(TALLOC_CTX *mem, struct runner *runner,
	       const struct plan_item *item, struct progress *at,
	       struct error *err);
/* Nothing of it is done after all: the ledger is as it was before. */
int claim_take_back(struct runner *runner, const struct plan_item *item,
		    const struct progress *at, struct error *err);
/* Whether the lock that keeps other runs out is still held, see db.h. */
int claim_still_ours(const struct runner *runner, struct error *err);
/* That statement n is begun, and what the catalog knows before; on mem. */
int claim_find_witness(TALLOC_CTX *mem, const struct runner *runner,
		       const struct plan_item *item, size_t n,
		       struct progress *at, struct error *err);

/*
 * The claim of runner->next, to be written in the transaction that says that
 * `item` is done, whose progress (before) goes with that; NULL: that one makes
 * its own. Once it is committed it is runner->ahead.
 */
struct claim *claim_next(struct runner *runner, const struct plan_item *item);
int claim_write(const struct runner *runner, const struct claim *claim,
		const struct progress *before, struct error *err);
/* Whether it was made ahead; *at is what claim_make() would have filled in. */
bool claim_use(TALLOC_CTX *mem, struct runner *runner,
	       const struct plan_item *item, struct progress *at);

/* --- stepwise.c ----------------------------------------------------------- */

struct run_counts;

/* Runs a script that is in no transaction of ours as a whole, or resumes it;
 *skipped: another run has done it meanwhile. */
int runner_run_stepwise(struct runner *runner, const struct plan_item *item,
			struct run_counts *counts, bool *skipped,
			struct error *err);

/* --- count.c: rows of the tables of one run -------------------------------- */

/*
 * Along with the script's transaction where the engine can do that, otherwise
 * by round trips of their own before and after it. What cannot be counted (no
 * right to read it) is not counted, and no failure.
 */
struct run_counts {
	struct runner *runner;
	struct facts *facts; /* gets the tables and their rows */
	TALLOC_CTX *mem;
	bool along;
	bool *fresh; /* the first of facts->tables: made by the script, empty */
	size_t fresh_count;
	bool taken;		 /* the rows after it */
	struct db_count *counts; /* the first `count` of facts->tables */
	size_t count;
};

/* The tables that the split could name, whose rows are not known. */
void run_counts_name(const struct script *script, struct facts *facts);
/* Before begin(), when there is one for the whole script. */
void run_counts_before(struct run_counts *c, const struct plan_item *item,
		       bool in_transaction);
/* Once the script has run, whether or not it failed. */
void run_counts_take_before(struct run_counts *c);
/* Before commit(), and after it has succeeded. */
void run_counts_along_commit(struct run_counts *c);
void run_counts_take_after(struct run_counts *c);
/* Whether what there is after a success is known without a question. */
bool run_counts_ask_nobody(const struct run_counts *c);

#endif
