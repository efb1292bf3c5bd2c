#include "core/run/runner_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/run/waiting.h"

/* A run that is recorded and whose facts will be completed. */
struct run_record {
	int64_t id;
	struct facts *facts;
};

/*
 * Sorts by time: the microsecond, and three digits by chance for two runs
 * that start in the same one.
 */
static int64_t make_id(void)
{
	uint16_t chance = 0;

	if (getrandom(&chance, sizeof(chance), 0) < 0)
		chance = (uint16_t)getpid();
	return clock_wall_us() * 1000 + chance % 1000;
}

bool runner_is_same(const struct plan_item *planned,
		    const struct plan_item *item)
{
	return planned->version == item->version && !item->resume &&
	       planned->direction == item->direction;
}

void runner_remember(struct runner *runner, int64_t id, struct facts *facts)
{
	struct run_record *r;

	if (!(runner->record_count & (runner->record_count - 1)))
		runner->records = talloc_realloc(
			NULL, runner->records, struct run_record,
			(unsigned)(runner->record_count
					   ? 2 * runner->record_count
					   : 1));
	r = &runner->records[runner->record_count++];
	r->id = id;
	r->facts = facts;
}

void runner_fill_row(const struct runner *runner, const struct plan_item *item,
		     const struct facts *facts, struct ledger_row *row)
{
	memset(row, 0, sizeof(*row));
	row->version = item->version;
	row->name = item->name;
	row->up_blob = item->blob;
	row->down_blob = item->down_blob;
	row->commit = item->commit;
	row->source = item->source;
	row->branch = item->branch;
	row->applied_by = runner->identity;
	row->tool = runner->tool;
	row->duration_ms = facts->duration_ms;
	row->state = APPLIED;
	row->direction = item->direction;
	row->total = row->done = (int)item->script->statement_count;
}

int runner_insert_row(const struct runner *runner, const struct plan_item *item,
		      const struct facts *facts, enum applied_state state,
		      int done, struct error *err)
{
	struct ledger_row row;
	char *now = text_time(NULL, clock_wall_us());
	int result;

	runner_fill_row(runner, item, facts, &row);
	row.applied_at = now;
	row.state = state;
	row.done = done;
	result = ledger_insert(runner->db, &row, item->down_text, err);
	talloc_free(now);
	return result;
}

int runner_insert_run(struct runner *runner, const struct facts *facts,
		      int64_t *id, struct error *err)
{
	*id = make_id();
	return ledger_insert_run(runner->db, *id, facts, err);
}

/* The ledger's part of a transaction: the row comes or goes, the run stays. */
static int record(struct runner *runner, const struct plan_item *item,
		  struct facts *facts, int64_t *id, struct error *err)
{
	if (!runner->record)
		return 0;
	if (item->direction == DIRECTION_UP) {
		if (runner_insert_row(runner, item, facts, APPLIED,
				      (int)item->script->statement_count,
				      err) < 0)
			return -1;
	} else if (ledger_remove(runner->db, item->version, err) < 0) {
		return -1;
	}
	return runner_insert_run(runner, facts, id, err);
}

int runner_stop_waiting(struct runner *runner, const struct error *why)
{
	int wait_ms = runner->db->options.wait_ms;

	if (why->code == ERROR_BUSY)
		runner->db->options.wait_ms = 0;
	return wait_ms;
}

void runner_record_failure(struct runner *runner, struct facts *facts,
			   const struct error *why)
{
	struct error ignored = { 0 };
	int wait_ms;
	int64_t id;

	facts->ok = false;
	facts->error = talloc_strdup(facts, why->message);
	if (!runner->record || why->code == ERROR_CONNECTION ||
	    runner->db->lost)
		return;
	wait_ms = runner_stop_waiting(runner, why);
	if (runner->db->engine->begin(runner->db, NULL, &ignored) == 0 &&
	    (runner_insert_run(runner, facts, &id, &ignored) < 0 ||
	     runner->db->engine->commit(runner->db, &ignored) < 0))
		runner->db->engine->rollback(runner->db);
	runner->db->options.wait_ms = wait_ms;
	error_release(&ignored);
}

/* What came back instead of one true value. */
static int refuse_answer(const struct plan_item *item, size_t n,
			 const struct db_answer *answer, struct error *err)
{
	const struct script *script = item->script;
	int line, column;

	error_set(err, ERROR_SQL, "the verification failed");
	if (!answer->rows) {
		error_detail(err, "the SELECT returned no row");
	} else {
		char *row = text_visible(NULL, answer->row, false);

		error_detail(err, "the SELECT returned%s: %s",
			     answer->rows > 1 ? " more than one row, the first"
					      : "",
			     row);
		talloc_free(row);
	}
	text_position(script->text, script->length,
		      script->statements[n].offset, &line, &column);
	return error_at(err, script->path, line, column);
}

static void show_place(const struct plan_item *item, size_t n,
		       struct error *err)
{
	if (err->line &&
	    (err->code == ERROR_SQL || err->code == ERROR_LOCK_TIMEOUT ||
	     err->code == ERROR_DEADLOCK))
		script_excerpt(item->script, n, err);
}

int runner_execute(struct runner *runner, const struct plan_item *item,
		   size_t n, struct facts *facts, struct error *err)
{
	struct db *db = runner->db;

	int result = limits_execute(runner->limits, db, item->script, n, facts,
				    err);

	if (result == 0 && item->script->statements[n].verify &&
	    !db_answer_is_true(&db->answer))
		result = refuse_answer(item, n, &db->answer, err);
	if (result < 0)
		show_place(item, n, err);
	return result;
}

static int execute_all(struct runner *runner, const struct plan_item *item,
		       struct facts *facts, struct error *err)
{
	for (size_t n = 0; n < item->script->statement_count; n++)
		if (runner_execute(runner, item, n, facts, err) < 0)
			return -1;
	return 0;
}

/* Looking on is not the migration's doing. */
static void set_duration(struct facts *facts, int64_t from_us, int64_t to_us)
{
	facts->duration_ms = (double)(to_us - from_us) / 1000;
	if (facts->observed_ms < facts->duration_ms)
		facts->duration_ms -= facts->observed_ms;
}

void runner_measure(struct facts *facts, int64_t started_us)
{
	set_duration(facts, started_us, clock_mono_us());
}

/* The engine knows better than we when the transaction began and ended. */
static void measured_commit(const struct db *db, struct facts *facts,
			    int64_t started_us)
{
	int64_t now = db->committed_us ? db->committed_us : clock_mono_us();

	if (db->began_us)
		started_us = db->began_us;
	facts_release_locks(facts, now);
	set_duration(facts, started_us, now);
}

/* While the database works; an error is told when its turn comes. */
void runner_split_next(const struct runner *runner)
{
	struct script *script = runner->next ? runner->next->script : NULL;
	struct error ignored = { 0 };

	if (!script || script->statements ||
	    runner->db->engine->split(script, &ignored) == 0)
		return;
	script->statements = NULL;
	script->statement_count = 0;
	error_release(&ignored);
}

static int commit(struct runner *runner, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;

	if (engine->send_commit) {
		if (engine->send_commit(runner->db, err) < 0)
			return -1;
		runner_send_next(runner);
	}
	return engine->commit(runner->db, err);
}

/* Nothing of it lasts, nor of what was sent after it. */
static void undo(struct runner *runner, struct run_counts *counts,
		 int64_t started_us)
{
	runner->db->engine->rollback(runner->db);
	if (!runner->db->lost)
		runner_forget_sent(runner);
	runner->undone = runner->db->ended == DB_ROLLED_BACK;
	counts->facts->ok = false;
	run_counts_take_before(counts);
	facts_release_locks(counts->facts, clock_mono_us());
	runner_measure(counts->facts, started_us);
}

/* One whose transaction is on its way already. */
static int take(struct runner *runner, const struct plan_item *item,
		struct run_counts *counts, int64_t *id, struct error *err)
{
	struct facts *facts = counts->facts;
	int64_t started = clock_mono_us();

	*id = runner_take_sent(runner, NULL);
	runner->undone = facts->ok = false;
	run_counts_before(counts, item, true);
	run_counts_take_before(counts);
	run_counts_along_commit(counts);
	runner_send_next(runner);
	if (runner->db->engine->take(runner->db, item->script, facts, err) <
	    0) {
		if (facts->statement_count)
			show_place(item, facts->statement_count - 1, err);
		undo(runner, counts, started);
		return -1;
	}
	facts->ok = true;
	measured_commit(runner->db, facts, started);
	runner_remember(runner, *id, facts);
	if (!runner->rough_since_us)
		runner->rough_since_us = clock_mono_us();
	return 0;
}

/* The transaction, once: on failure it is rolled back. */
static int run_once(struct runner *runner, const struct plan_item *item,
		    struct run_counts *counts, int64_t *id, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;
	struct facts *facts = counts->facts;
	int64_t started = clock_mono_us();

	facts->ok = false;
	run_counts_before(counts, item, true);
	if (engine->begin(runner->db, item->script, err) < 0)
		return -1;
	runner->undone = false;
	runner_split_next(runner);
	if (execute_all(runner, item, facts, err) < 0)
		goto failed;
	facts->ok = true;
	run_counts_take_before(counts);
	runner_measure(facts, started);
	if (record(runner, item, facts, id, err) < 0)
		goto failed;
	run_counts_along_commit(counts);
	if (commit(runner, err) < 0)
		goto failed;
	measured_commit(runner->db, facts, started);
	if (runner->record)
		runner_remember(runner, *id, facts);
	return 0;
failed:
	undo(runner, counts, started);
	return -1;
}

/* What is known of it is told, and recorded where it still can be. */
static void explain_run(struct runner *runner, const struct plan_item *item,
			struct facts *facts, int64_t id, struct error *err)
{
	limits_explain(runner->limits, err);
	runner_find_outcome(runner, item, id, facts, err);
	runner_find_beyond(runner, facts, err);
	if (facts->ok)
		return;
	runner_record_failure(runner, facts, err);
	if (facts->unknown)
		facts->error = talloc_asprintf(
			facts, "%s; whether it was committed is not known",
			err->message);
}

static int attempt(struct runner *runner, const struct plan_item *item,
		   struct run_counts *counts, struct waiting *w, int64_t *id,
		   struct error *err)
{
	if (runner_has_sent(runner, item))
		return take(runner, item, counts, id, err);
	if (waiting_look(w, err) < 0)
		return -1;
	return run_once(runner, item, counts, id, err);
}

static int run_in_transaction(struct runner *runner,
			      const struct plan_item *item,
			      struct run_counts *counts, struct error *err)
{
	struct script *script = item->script;
	struct waiting *w = waiting_new(NULL, runner, script, 0,
					script->statement_count, counts->facts);
	int64_t id = 0;
	int result;

	runner->undone = true;
	do
		result = attempt(runner, item, counts, w, &id, err);
	while (result < 0 && waiting_again(w, err));
	talloc_free(w);
	if (result < 0)
		explain_run(runner, item, counts->facts, id, err);
	return result;
}

void runner_label_failure(const struct plan_item *item, struct error *err)
{
	char version[VERSION_LENGTH + 1];

	error_prefix(err, "unable to %s migration '%s_%s'",
		     item->direction == DIRECTION_UP ? "apply" : "revert",
		     version_format(item->version, version), item->name);
}

static int is_stepwise(const struct runner *runner,
		       const struct plan_item *item, bool *stepwise,
		       struct error *err)
{
	const struct db_engine *engine = runner->db->engine;

	*stepwise = item->resume || item->script->no_transaction;
	if (*stepwise || !engine->escapes)
		return 0;
	return engine->escapes(runner->db, item->script, 0,
			       item->script->statement_count, stepwise, err);
}

int runner_run(TALLOC_CTX *mem, struct runner *runner,
	       const struct plan_item *planned, struct facts **facts_out,
	       struct error *err)
{
	struct plan_item item = *planned;
	TALLOC_CTX *turn = talloc_new(NULL);
	struct run_counts counts = { .runner = runner, .mem = turn };
	struct facts *facts;
	bool skipped = false, stepwise;
	int result = -1;

	*facts_out = NULL;
	runner->undone = false;
	if (runner_let_go(runner, planned, err) < 0 ||
	    runner_load(turn, runner, &item, err) < 0)
		goto out;
	if (!item.script->statements &&
	    runner->db->engine->split(item.script, err) < 0)
		goto out;
	facts = facts_new(mem, item.version, item.name, item.direction);
	facts->confirmed_by = talloc_strdup(facts, item.confirmed_by);
	*facts_out = facts;
	if (runner->starting)
		runner->starting(planned, runner->report_data);
	counts.facts = facts;
	if (is_stepwise(runner, &item, &stepwise, err) < 0) {
		runner_label_failure(planned, err);
		goto out;
	}
	if (stepwise) {
		run_counts_before(&counts, &item, false);
		result = runner_run_stepwise(runner, &item, &counts, &skipped,
					     err);
	} else {
		result = run_in_transaction(runner, &item, &counts, err);
	}
	if (result == 0 && skipped)
		*facts_out = NULL;
	else if (result == 0)
		run_counts_take_after(&counts);
	else if (result < 0 && !facts->ok)
		runner_label_failure(planned, err);
	/* it was not begun at all */
	if (result < 0 && err->code == ERROR_REFUSED && !facts->statement_count)
		*facts_out = NULL;
	if (runner->finished)
		runner->finished(planned, *facts_out, runner->report_data);
	if (result == 0)
		runner_write_down(runner);
out:
	talloc_free(turn);
	return result;
}

static void forget_records(struct runner *runner)
{
	talloc_free(runner->records);
	runner->records = NULL;
	runner->record_count = 0;
	runner->rough_since_us = 0;
}

void runner_release(struct runner *runner)
{
	forget_records(runner);
	runner_forget_sent(runner);
}

int runner_finish(struct runner *runner, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;
	int result = 0;

	if (!runner->record_count)
		return 0;
	result = engine->begin(runner->db, NULL, err);
	for (size_t i = 0; result == 0 && i < runner->record_count; i++)
		result = ledger_update_run(runner->db, runner->records[i].id,
					   runner->records[i].facts, err);
	if (result == 0)
		result = engine->commit(runner->db, err);
	if (result < 0) {
		engine->rollback(runner->db);
		return -1;
	}
	forget_records(runner);
	return 0;
}
