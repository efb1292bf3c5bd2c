#include "core/run/runner_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/progress.h"
#include "core/run/waiting.h"
#include "core/run/way_on.h"
#include "core/sql/session.h"

/*
 * A script that cannot be one transaction runs statement by statement. Each
 * statement is in a transaction with the ledger's word on it wherever the
 * server takes it in one, so that it is either done and known to be done, or
 * neither. Of one that has to be alone the ledger says before that it is
 * begun, and what the catalog knew then; when nobody sees its end, the catalog
 * is asked what became of it.
 */
struct steps {
	struct runner *runner;
	const struct plan_item *item;
	struct facts *facts;
	struct run_counts *counts;
	struct progress at;
	struct script_digest *digest; /* of what is done; owner of the rest */
	char *position;		      /* what at.position points to, or NULL */
	int64_t started_us;
	bool unsure;  /* whether the last commit was carried out */
	bool escapes; /* the statement: what it writes lasts at once */
	bool taken;   /* by another run */
	char *left;   /* by the statement under way, or NULL; and whether it is
			 to be finished */
	bool half, partly;
};

static size_t total(const struct steps *steps)
{
	return steps->item->script->statement_count;
}

/* --- the ledger ----------------------------------------------------------- */

static void fill_row(const struct steps *steps, enum applied_state state,
		     struct ledger_row *row)
{
	runner_fill_row(steps->runner, steps->item, steps->facts, row);
	row->state = state;
	row->done = steps->at.done;
	/* the duration is that of the last run up, which goes on being true
	   while a run down is on its way */
	if (steps->item->direction == DIRECTION_DOWN)
		row->duration_ms = -1;
}

/* Writes how far it is, in the transaction that is open or in one of its own;
   fails when another run has taken it over. */
static int save(struct steps *steps, struct error *err)
{
	struct ledger_row row;

	if (!steps->runner->record)
		return 0;
	fill_row(steps, UNFINISHED, &row);
	if (ledger_progress(steps->runner->db, steps->item->version, &row,
			    err) < 0)
		return -1;
	return progress_update(steps->runner->db, &steps->at, err);
}

static void count_done(struct steps *steps)
{
	script_digest_add(steps->digest, steps->item->script,
			  (size_t)steps->at.done++);
	script_digest_text(steps->digest, steps->at.digest);
	steps->at.started = 0;
	steps->at.witness = NULL;
	steps->at.position = NULL;
}

/* A proof has no ledger; but what the script has left locked is let go of in
   the same way, or whoever counts its rows would wait for ever. */
static int let_go(struct db *db, struct error *err)
{
	if (db->engine->begin(db, NULL, err) < 0)
		return -1;
	if (db->engine->commit(db, err) == 0)
		return 0;
	db->engine->rollback(db);
	return -1;
}

/* *ahead: with the claim of the next script, or NULL */
static int close_with(struct steps *steps, const struct claim *ahead,
		      int64_t *id, struct error *err)
{
	struct runner *runner = steps->runner;
	const struct db_engine *engine = runner->db->engine;
	struct ledger_row row;
	int result;

	if (engine->begin(runner->db, NULL, err) < 0)
		return -1;
	fill_row(steps, APPLIED, &row);
	if (steps->item->direction == DIRECTION_UP)
		result = ledger_progress(runner->db, row.version, &row, err);
	else
		result = ledger_remove(runner->db, row.version, err);
	if (result == 0)
		result = ahead ? claim_write(runner, ahead, &steps->at, err)
			       : progress_remove(runner->db, &steps->at, err);
	if (result == 0 &&
	    runner_insert_run(runner, steps->facts, id, err) == 0 &&
	    engine->commit(runner->db, err) == 0)
		return 0;
	engine->rollback(runner->db);
	return -1;
}

static int close_ledger(struct steps *steps, struct error *err)
{
	struct runner *runner = steps->runner;
	bool complete = run_counts_ask_nobody(steps->counts);
	struct claim *ahead;
	int64_t id;
	int result;

	if (!runner->record)
		return let_go(runner->db, err);
	if (complete)
		run_counts_take_after(steps->counts);
	ahead = claim_next(runner, steps->item);
	result = close_with(steps, ahead, &id, err);
	/* what is wrong with the next one shall not be this one's failure */
	if (result < 0 && ahead && err->code != ERROR_CONNECTION) {
		error_release(err);
		talloc_free(ahead);
		ahead = NULL;
		result = close_with(steps, NULL, &id, err);
	}
	if (result < 0) {
		talloc_free(ahead);
		return -1;
	}
	runner->ahead = ahead;
	if (!complete)
		runner_remember(runner, id, steps->facts);
	return 0;
}

/* --- going on where another run ended ------------------------------------- */

static int changed(const struct steps *steps, const struct ledger_row *row,
		   struct error *err)
{
	bool up = row->direction == DIRECTION_UP;

	error_set(err, ERROR_REFUSED,
		  "%d statements were carried out, and they are not the first "
		  "%d of the script any more",
		  steps->at.done, steps->at.done);
	error_at(err, steps->item->script->path, 0, 0);
	error_hint(err,
		   "put them back as they were; the text that ran: "
		   "git cat-file blob %s",
		   up ? row->up_blob : row->down_blob);
	return error_hint(err, "or see what else can be done: "
			       "git migrate repair");
}

static int check_done(struct steps *steps, const struct ledger_row *row,
		      struct error *err)
{
	char recorded[SCRIPT_DIGEST_LENGTH + 1];
	int done = steps->at.done;

	memcpy(recorded, steps->at.digest, sizeof(recorded));
	if ((size_t)done > total(steps))
		return changed(steps, row, err);
	for (int n = 0; n < done; n++)
		script_digest_add(steps->digest, steps->item->script,
				  (size_t)n);
	script_digest_text(steps->digest, steps->at.digest);
	return strcmp(recorded, steps->at.digest) ? changed(steps, row, err)
						  : 0;
}

/* What the session was told is gone with it: settings are made again. */
static int repeat_settings(struct steps *steps, struct error *err)
{
	const struct script *script = steps->item->script;
	struct facts *ignored = facts_new(steps->digest, 0, "", DIRECTION_UP);

	for (int n = 0; n < steps->at.done; n++)
		if (session_repeats(script, (size_t)n) &&
		    runner_execute(steps->runner, steps->item, (size_t)n,
				   ignored, err) < 0)
			return -1;
	return 0;
}

/* At the statement that is under way. */
static int locate(const struct steps *steps, struct error *err)
{
	const struct script *script = steps->item->script;
	const struct statement *s = &script->statements[steps->at.done];
	int line, column;

	text_position(script->text, script->length, s->offset, &line, &column);
	return error_at(err, script->path, line, column);
}

static int partly(const struct steps *steps, const char *what,
		  struct error *err)
{
	error_set(err, ERROR_REFUSED, "statement %d of %zu is half done: %s",
		  steps->at.started, total(steps), what);
	locate(steps, err);
	return way_on_partly(steps->item, err);
}

static int unknown(const struct steps *steps, struct error *err)
{
	char version[VERSION_LENGTH + 1];

	version_format(steps->item->version, version);
	error_set(err, ERROR_REFUSED,
		  "statement %d of %zu was begun, and whether it was carried "
		  "out cannot be told",
		  steps->at.started, total(steps));
	locate(steps, err);
	error_hint(err,
		   "look at the database; when it was not carried out: "
		   "git migrate repair %s --resume",
		   version);
	return error_hint(err, "when it was: git migrate repair %s --skip",
			  version);
}

/* The statement that was under way when the other run ended. */
static int settle(struct steps *steps, struct error *err)
{
	struct db *db = steps->runner->db;
	const struct script *script = steps->item->script;
	enum db_verdict verdict = DB_UNKNOWN;
	size_t n = (size_t)steps->at.done;
	char *what = NULL;

	if (n >= total(steps))
		return 0;
	if (!steps->at.started) /* what is done of it, it is known to be */
		return 0;
	if (db->engine->judge &&
	    db->engine->judge(steps->digest, db, script, n, steps->at.witness,
			      &verdict, &what, err) < 0)
		return -1;
	if (verdict == DB_UNKNOWN && steps->item->resume != RESUME_AGAIN)
		return unknown(steps, err);
	if (verdict == DB_PARTLY && steps->item->resume != RESUME_AGAIN)
		return partly(steps, what, err);
	if ((verdict == DB_REMAINS || verdict == DB_HALF) &&
	    db->engine->clean(db, script, n, steps->at.witness, err) < 0)
		return -1;
	if (verdict == DB_DONE || verdict == DB_HALF)
		count_done(steps);
	return 0;
}

/* The script may have been mended since: the ledger gets what runs now. */
static int replace_row(struct steps *steps, struct error *err)
{
	struct ledger_row row;

	fill_row(steps, UNFINISHED, &row);
	if (steps->item->direction == DIRECTION_UP &&
	    ledger_replace(steps->runner->db, &row, steps->item->down_text,
			   err) < 0)
		return -1;
	steps->at.started = 0;
	return save(steps, err);
}

/* From here on the run that left it can record nothing more. */
static int take_over(struct steps *steps, struct error *err)
{
	if (!steps->runner->record)
		return 0;
	return progress_take_over(steps->runner->db, &steps->at, err);
}

static int resume(struct steps *steps, bool *skipped, struct error *err)
{
	struct db *db = steps->runner->db;
	struct ledger_row *row;
	struct progress *at;

	if (ledger_read_one(steps->digest, db, steps->item->version, &row,
			    err) < 0 ||
	    progress_read(steps->digest, db, steps->item->version, &at, err) <
		    0)
		return -1;
	*skipped = !row || row->state != UNFINISHED;
	if (*skipped)
		return 0;
	if (!at) {
		error_set(err, ERROR_REFUSED,
			  "how far it came is not recorded");
		return error_hint(err, "see what can be done: "
				       "git migrate repair");
	}
	steps->runner->has_progress = true;
	steps->at = *at;
	if (check_done(steps, row, err) < 0 ||
	    session_check(steps->item->script, (size_t)steps->at.done, err) <
		    0 ||
	    take_over(steps, err) < 0 || repeat_settings(steps, err) < 0 ||
	    settle(steps, err) < 0)
		return -1;
	return replace_row(steps, err);
}

/* --- one statement -------------------------------------------------------- */

static int execute(struct steps *steps, size_t n, struct error *err)
{
	int result = runner_execute(steps->runner, steps->item, n, steps->facts,
				    err);

	runner_measure(steps->facts, steps->started_us);
	return result;
}

/*
 * Inside a transaction of the script's own the ledger's word is part of it. Of
 * a COMMIT it is so only when it comes first.
 */
static int run_within(struct steps *steps, const struct statement *s,
		      struct error *err)
{
	size_t n = (size_t)steps->at.done;

	steps->runner->db->lock_timeout_ms = 0;
	if (s->commits) {
		count_done(steps);
		return save(steps, err) < 0 ? -1 : execute(steps, n, err);
	}
	if (execute(steps, n, err) < 0)
		return -1;
	count_done(steps);
	return save(steps, err);
}

/* The transaction of one statement, up to where it is done; rolled back when
   that fails. */
static int begin_and_execute(struct steps *steps, size_t n, struct error *err)
{
	struct db *db = steps->runner->db;

	if (db->engine->begin_step(db, steps->item->script, n, err) == 0 &&
	    execute(steps, n, err) == 0)
		return 0;
	db->engine->rollback(db);
	return -1;
}

/* Whoever has the locks that it needs is waited for, and it is tried again. */
static int execute_patiently(struct steps *steps, size_t n,
			     int (*attempt)(struct steps *steps, size_t n,
					    struct error *err),
			     struct error *err)
{
	struct waiting *w = waiting_new(steps->digest, steps->runner,
					steps->item->script, n, 1,
					steps->facts);
	int result;

	do
		result = waiting_look(w, err) < 0 ? -1 : attempt(steps, n, err);
	while (result < 0 && waiting_again(w, err));
	talloc_free(w);
	return result;
}

static int run_in_step(struct steps *steps, struct error *err)
{
	struct db *db = steps->runner->db;
	const struct script *script = steps->item->script;
	size_t n = (size_t)steps->at.done;
	const struct progress before = steps->at;
	int line, column;

	if (execute_patiently(steps, n, begin_and_execute, err) < 0)
		return -1;
	count_done(steps);
	if (save(steps, err) < 0) {
		steps->at = before;
		return -1;
	}
	if (db->engine->end_step(db, err) < 0) { /* a deferred constraint */
		steps->at = before;
		steps->unsure = err->code == ERROR_CONNECTION;
		text_position(script->text, script->length,
			      script->statements[n].offset, &line, &column);
		return error_at(err, script->path, line, column);
	}
	facts_release_locks(steps->facts, clock_mono_us());
	return 0;
}

/* Says in the ledger that it is begun; of the first one the claim has. */
static int announce(struct steps *steps, size_t n, struct error *err)
{
	if (!steps->runner->record || steps->at.started == (int)n + 1)
		return 0;
	if (claim_still_ours(steps->runner, err) < 0 ||
	    claim_find_witness(steps->digest, steps->runner, steps->item, n,
			       &steps->at, err) < 0)
		return -1;
	return progress_update(steps->runner->db, &steps->at, err);
}

static int run_alone(struct steps *steps, struct error *err)
{
	struct db *db = steps->runner->db;
	size_t n = (size_t)steps->at.done;

	db->lock_timeout_ms = 0;
	if (announce(steps, n, err) < 0)
		return -1;
	/* where all DDL commits by itself, a time-out leaves nothing behind */
	if (db_can(db, DB_TRANSACTIONAL_DDL)
		    ? execute(steps, n, err) < 0
		    : execute_patiently(steps, n, execute, err) < 0)
		return -1;
	count_done(steps);
	facts_release_locks(steps->facts, clock_mono_us());
	/* after the last one the ledger is closed at once */
	return (size_t)steps->at.done == total(steps) ? 0 : save(steps, err);
}

/* See struct batch_job. */
static int keep_position(const char *position, void *data, struct error *err)
{
	struct steps *steps = data;

	if (!position) {
		count_done(steps);
		return save(steps, err);
	}
	talloc_free(steps->position);
	steps->position = talloc_strdup(steps->digest, position);
	steps->at.position = steps->position;
	if (!steps->runner->record)
		return 0;
	return progress_update(steps->runner->db, &steps->at, err);
}

/* Nobody could say which of its rows a batch has met. */
static int check_batches(struct steps *steps, struct error *err)
{
	struct db *db = steps->runner->db;
	const struct script *script = steps->item->script;
	size_t n = (size_t)steps->at.done;
	bool escapes = false;
	int line, column;

	if (!db->engine->escapes)
		return 0;
	if (db->engine->escapes(db, script, n, 1, &escapes, err) < 0)
		return -1;
	if (!escapes)
		return 0;
	text_position(script->text, script->length,
		      script->statements[n].offset, &line, &column);
	error_set(err, ERROR_SQL,
		  "the statement cannot be run in batches: a table that it "
		  "writes to takes no part in transactions");
	error_at(err, script->path, line, column);
	return error_hint(err,
			  "take the directive out, or make the table "
			  "transactional: ALTER TABLE ... ENGINE = InnoDB");
}

static int run_in_batches(struct steps *steps, struct error *err)
{
	char *position = talloc_strdup(steps->digest, steps->at.position);
	const struct batch_job job = {
		.runner = steps->runner,
		.item = steps->item,
		.n = (size_t)steps->at.done,
		.facts = steps->facts,
		.position = position,
		.keep = keep_position,
		.data = steps,
	};
	int result;

	if (check_batches(steps, err) < 0)
		return -1;
	steps->runner->db->lock_timeout_ms = 0;
	result = batch_run(&job, err);
	runner_measure(steps->facts, steps->started_us);
	talloc_free(position);
	return result;
}

/* Run as a whole it would meet rows a second time. */
static int no_more_batches(const struct steps *steps, const struct statement *s,
			   struct error *err)
{
	const struct script *script = steps->item->script;
	char version[VERSION_LENGTH + 1];
	int line, column;

	text_position(script->text, script->length, s->offset, &line, &column);
	error_set(err, ERROR_REFUSED,
		  "batches of it are committed, and it is to run in batches no "
		  "more");
	error_at(err, script->path, line, column);
	return error_hint(err,
			  "put back the line -- migrate: batch, or run it on "
			  "all rows: git migrate repair %s --resume",
			  version_format(steps->item->version, version));
}

/* DDL that commits by itself does so in a transaction of the script's, too, and
   commits with it what the ledger says there. */
static bool ends_transaction(const struct db *db, const struct statement *s)
{
	return s->alone && !db_can(db, DB_TRANSACTIONAL_DDL);
}

static int run_next(struct steps *steps, struct error *err)
{
	struct db *db = steps->runner->db;
	const struct statement *s =
		&steps->item->script->statements[steps->at.done];

	if (s->batch)
		return run_in_batches(steps, err);
	if (steps->at.position && steps->item->resume != RESUME_AGAIN)
		return no_more_batches(steps, s, err);
	if (s->control || (db->engine->inside(db) && !ends_transaction(db, s)))
		return run_within(steps, s, err);
	if (db->engine->escapes &&
	    db->engine->escapes(db, steps->item->script, (size_t)steps->at.done,
				1, &steps->escapes, err) < 0)
		return -1;
	return s->alone || steps->escapes ? run_alone(steps, err)
					  : run_in_step(steps, err);
}

/* --- when it fails -------------------------------------------------------- */

/*
 * Of a statement that the server has refused something may have come to stay
 * when it can commit in its middle, or each row or object that it is about
 * commits by itself.
 */
static bool can_do_half(const struct steps *steps, const struct statement *s)
{
	const struct db *db = steps->runner->db;

	return steps->escapes || !strcmp(s->kind, "CALL") ||
	       !strcmp(s->kind, "DO") ||
	       (s->relation_count > 1 && !strncmp(s->kind, "DROP ", 5) &&
		!db_can(db, DB_TRANSACTIONAL_DDL));
}

/* Whether nothing of a failed statement is there, for certain; the engine has
   removed what it could. */
static bool left_nothing(struct steps *steps)
{
	struct error ignored = { 0 };
	struct db *db = steps->runner->db;
	const struct script *script = steps->item->script;
	size_t n = (size_t)steps->at.done;
	enum db_verdict verdict = DB_UNKNOWN;

	if (db->engine->judge &&
	    db->engine->judge(steps->digest, db, script, n, steps->at.witness,
			      &verdict, &steps->left, &ignored) < 0)
		verdict = DB_REMAINS;
	error_release(&ignored);
	steps->half = verdict == DB_HALF;
	steps->partly = verdict == DB_PARTLY;
	if (verdict == DB_UNKNOWN)
		return !can_do_half(steps, &script->statements[n]);
	return verdict == DB_UNDONE;
}

/*
 * The ledger knows how many statements last: a transaction of the script's own
 * took back what it did, and the progress with it. False: it cannot be read, or
 * another run has it now.
 */
static bool read_back(struct steps *steps)
{
	struct error ignored = { 0 };
	struct progress *at;

	if (progress_read(steps->digest, steps->runner->db,
			  steps->item->version, &at, &ignored) < 0) {
		error_release(&ignored);
		return false;
	}
	steps->taken = !at || strcmp(at->owner, steps->at.owner) != 0;
	if (!steps->taken)
		steps->at = *at;
	return !steps->taken;
}

/* How far a statement is that runs in batches; false: it is none. */
static bool tell_batches(const struct steps *steps, struct error *err)
{
	struct batch_position *at = NULL;
	char *rows;

	if (steps->at.position)
		at = batch_position_parse(steps->digest, steps->at.position);
	if (!at)
		return false;
	rows = text_thousands(at, at->rows);
	error_hint(err,
		   "%" PRId64 " batch%s of statement %d %s committed, %s "
		   "row%s, and stay%s done",
		   at->batches, at->batches == 1 ? "" : "es",
		   steps->at.done + 1, at->batches == 1 ? "is" : "are", rows,
		   at->rows == 1 ? "" : "s", at->batches == 1 ? "s" : "");
	talloc_free(at);
	return true;
}

static void tell_progress(const struct steps *steps, struct error *err)
{
	struct way_on way = {
		.db = steps->runner->db,
		.item = steps->item,
		.started = steps->at.started,
		.left = steps->left,
		.half = steps->half,
		.partly = steps->partly,
	};

	if (steps->unsure)
		error_hint(err,
			   "%d of %zu statements are done and stay done, and "
			   "perhaps the next one",
			   steps->at.done, total(steps));
	else
		error_hint(err, "%d of %zu statements are done and stay done",
			   steps->at.done, total(steps));
	way.in_batches = tell_batches(steps, err);
	if (err->code == ERROR_CONNECTION || steps->taken)
		return;
	way.perhaps =
		steps->at.started && !steps->left &&
		can_do_half(steps,
			    &steps->item->script->statements[steps->at.done]);
	way_on_tell(&way, err);
}

static void fail(struct steps *steps, struct error *err)
{
	struct runner *runner = steps->runner;
	struct error late = { 0 };
	int wait_ms;

	limits_explain(runner->limits, err);
	runner->db->engine->rollback(runner->db);
	facts_release_locks(steps->facts, clock_mono_us());
	runner_measure(steps->facts, steps->started_us);
	if (!runner->record)
		return;
	runner->unfinished = true;
	wait_ms = runner_stop_waiting(runner, err);
	if (err->code != ERROR_CONNECTION && read_back(steps)) {
		if (steps->at.started && left_nothing(steps)) {
			steps->at.started = 0;
			save(steps, &late);
		}
		if (!steps->at.done && !steps->at.started &&
		    !steps->at.position &&
		    claim_take_back(runner, steps->item, &steps->at, &late) ==
			    0) {
			runner->unfinished = false;
			runner->undone = true;
		}
	}
	error_release(&late);
	runner_record_failure(runner, steps->facts, err);
	if (runner->unfinished)
		tell_progress(steps, err);
	runner->db->options.wait_ms = wait_ms;
}

int runner_run_stepwise(struct runner *runner, const struct plan_item *item,
			struct run_counts *counts, bool *skipped,
			struct error *err)
{
	struct facts *facts = counts->facts;
	struct steps steps = {
		.runner = runner,
		.item = item,
		.facts = facts,
		.counts = counts,
		.at.version = item->version,
		.digest = script_digest_new(NULL),
		.started_us = clock_mono_us(),
	};
	int result = 0;

	script_digest_text(steps.digest, steps.at.digest);
	if (item->resume)
		result = resume(&steps, skipped, err);
	else if (!claim_use(steps.digest, runner, item, &steps.at))
		result = claim_make(steps.digest, runner, item, &steps.at, err);
	if (result < 0 && item->resume && *steps.at.owner &&
	    err->code != ERROR_REFUSED)
		fail(&steps, err); /* with what the other run had left */
	if (result < 0 || *skipped)
		goto out;
	facts->statements_seen = steps.at.done;
	while (result == 0 && (size_t)steps.at.done < total(&steps))
		result = run_next(&steps, err);
	facts->ok = result == 0;
	if (result == 0) {
		facts_release_locks(facts, clock_mono_us());
		result = close_ledger(&steps, err);
	}
	if (result < 0)
		fail(&steps, err);
out:
	talloc_free(steps.digest);
	return result;
}
