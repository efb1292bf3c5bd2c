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

static void remember(struct runner *runner, int64_t id, struct facts *facts)
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

static void fill_row(const struct runner *runner, const struct plan_item *item,
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

static int insert_row(const struct runner *runner, const struct plan_item *item,
		      const struct facts *facts, enum applied_state state,
		      int done, struct error *err)
{
	struct ledger_row row;
	char *now = text_time(NULL, clock_wall_us());
	int result;

	fill_row(runner, item, facts, &row);
	row.applied_at = now;
	row.state = state;
	row.done = done;
	result = ledger_insert(runner->db, &row, item->down_text, err);
	talloc_free(now);
	return result;
}

/* The ledger's part of a transaction: the row comes or goes, the run stays. */
static int record(struct runner *runner, const struct plan_item *item,
		  struct facts *facts, int64_t *id, struct error *err)
{
	if (!runner->record)
		return 0;
	*id = make_id();
	if (item->direction == DIRECTION_UP) {
		if (insert_row(runner, item, facts, APPLIED,
			       (int)item->script->statement_count, err) < 0)
			return -1;
	} else if (ledger_remove(runner->db, item->version, err) < 0) {
		return -1;
	}
	return ledger_insert_run(runner->db, *id, facts, err);
}

/* A failed run is worth a record too, but never a second error. */
static void record_failure(struct runner *runner, struct facts *facts,
			   const struct error *why)
{
	struct error ignored = { 0 };

	facts->ok = false;
	facts->error = talloc_strdup(facts, why->message);
	if (!runner->record || why->code == ERROR_CONNECTION)
		return;
	if (runner->db->engine->begin(runner->db, NULL, &ignored) == 0 &&
	    (ledger_insert_run(runner->db, make_id(), facts, &ignored) < 0 ||
	     runner->db->engine->commit(runner->db, &ignored) < 0))
		runner->db->engine->rollback(runner->db);
	error_release(&ignored);
}

/* Outside of a transaction nothing keeps us out while another run works. */
static int under_way(const struct ledger_row *row, struct error *err)
{
	error_set(err, ERROR_REFUSED,
		  "another run is at work on it, or has stopped half way: %d "
		  "of %d statements of its %s script are done",
		  row->done, row->total, direction_name(row->direction));
	return error_hint(err, "see whether it goes on: git migrate status");
}

/*
 * Engines without a lock between runs exclude each other by the transaction:
 * whoever got it first has done the work.
 */
static int done_by_another(struct runner *runner, const struct plan_item *item,
			   bool *done, struct error *err)
{
	TALLOC_CTX *mem;
	struct ledger_row *row;
	int result;

	*done = false;
	if (!runner->record || db_can(runner->db, DB_SESSION_LOCK))
		return 0;
	mem = talloc_new(NULL);
	result = ledger_read_one(mem, runner->db, item->version, &row, err);
	if (result == 0 && row && row->state == UNFINISHED)
		result = under_way(row, err);
	else if (result == 0)
		*done = (item->direction == DIRECTION_UP) == (row != NULL);
	talloc_free(mem);
	return result;
}

static int execute_all(struct runner *runner, const struct plan_item *item,
		       struct facts *facts, struct error *err)
{
	const struct script *script = item->script;

	for (size_t n = 0; n < script->statement_count; n++)
		if (limits_execute(runner->limits, runner->db, script, n, facts,
				   err) < 0)
			return -1;
	return 0;
}

static void measured(struct facts *facts, int64_t started_us)
{
	facts->duration_ms = (double)(clock_mono_us() - started_us) / 1000;
}

/* The transaction, once: on failure it is rolled back. */
static int run_once(struct runner *runner, const struct plan_item *item,
		    struct facts *facts, bool *skipped, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;
	int64_t started = clock_mono_us();
	int64_t id = 0;

	facts->ok = false;
	if (engine->begin(runner->db, item->script, err) < 0)
		return -1;
	if (done_by_another(runner, item, skipped, err) < 0 || *skipped) {
		engine->rollback(runner->db);
		return *skipped ? 0 : -1;
	}
	if (execute_all(runner, item, facts, err) < 0)
		goto failed;
	facts->ok = true;
	measured(facts, started);
	if (record(runner, item, facts, &id, err) < 0 ||
	    engine->commit(runner->db, err) < 0)
		goto failed;
	facts_release_locks(facts, clock_mono_us());
	measured(facts, started);
	if (runner->record)
		remember(runner, id, facts);
	return 0;
failed:
	engine->rollback(runner->db);
	facts_release_locks(facts, clock_mono_us());
	measured(facts, started);
	return -1;
}

static int run_in_transaction(struct runner *runner,
			      const struct plan_item *item, struct facts *facts,
			      bool *skipped, struct error *err)
{
	const struct script *script = item->script;
	struct waiting *w = waiting_new(NULL, runner, script, 0,
					script->statement_count, facts);
	int result;

	do
		result = waiting_look(w, err) < 0
				 ? -1
				 : run_once(runner, item, facts, skipped, err);
	while (result < 0 && waiting_again(w, err));
	talloc_free(w);
	if (result < 0) {
		limits_explain(runner->limits, err);
		record_failure(runner, facts, err);
	}
	return result;
}

/*
 * Outside of a transaction a statement can be tried again alone, unless the
 * script has transactions of its own, or it would leave something half done.
 */
static bool can_try_again(const struct runner *runner,
			  const struct script *script, size_t n)
{
	for (size_t i = 0; i < script->statement_count; i++)
		if (script->statements[i].control)
			return false;
	return !script->statements[n].no_transaction ||
	       !db_can(runner->db, DB_TRANSACTIONAL_DDL);
}

static int execute_alone(struct runner *runner, const struct script *script,
			 size_t n, struct facts *facts, struct error *err)
{
	struct waiting *w;
	int result;

	runner->db->lock_timeout_ms = 0;
	if (!can_try_again(runner, script, n))
		return limits_execute(runner->limits, runner->db, script, n,
				      facts, err);
	w = waiting_new(NULL, runner, script, n, 1, facts);
	do
		result = waiting_look(w, err) < 0
				 ? -1
				 : limits_execute(runner->limits, runner->db,
						  script, n, facts, err);
	while (result < 0 && waiting_again(w, err));
	talloc_free(w);
	return result;
}

/* Makes what is queued happen now. */
static int flush(struct runner *runner, struct error *err)
{
	return runner->db->engine->query(runner->db, "SELECT 1", NULL, 0, NULL,
					 NULL, err);
}

static int progress(struct runner *runner, const struct plan_item *item,
		    const struct facts *facts, int done, struct error *err)
{
	struct ledger_row row;

	if (!runner->record)
		return 0;
	fill_row(runner, item, facts, &row);
	row.state = UNFINISHED;
	row.done = done;
	if (ledger_progress(runner->db, item->version, &row, err) < 0)
		return -1;
	return flush(runner, err);
}

/* Says in the ledger that it is under way, before the first statement. */
static int claim(struct runner *runner, const struct plan_item *item,
		 struct facts *facts, bool *skipped, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;
	int result;

	if (!runner->record)
		return 0;
	if (engine->begin(runner->db, NULL, err) < 0)
		return -1;
	if (done_by_another(runner, item, skipped, err) < 0 || *skipped) {
		engine->rollback(runner->db);
		return *skipped ? 0 : -1;
	}
	if (item->direction == DIRECTION_UP) {
		result = insert_row(runner, item, facts, UNFINISHED, 0, err);
	} else {
		struct ledger_row row;

		fill_row(runner, item, facts, &row);
		row.state = UNFINISHED;
		row.done = 0;
		result = ledger_progress(runner->db, item->version, &row, err);
	}
	if (result == 0 && engine->commit(runner->db, err) == 0)
		return 0;
	engine->rollback(runner->db);
	return -1;
}

static int close_ledger(struct runner *runner, const struct plan_item *item,
			struct facts *facts, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;
	struct ledger_row row;
	int64_t id = make_id();
	int result;

	if (!runner->record)
		return 0;
	if (engine->begin(runner->db, NULL, err) < 0)
		return -1;
	fill_row(runner, item, facts, &row);
	if (item->direction == DIRECTION_UP)
		result = ledger_progress(runner->db, item->version, &row, err);
	else
		result = ledger_remove(runner->db, item->version, err);
	if (result == 0 && ledger_insert_run(runner->db, id, facts, err) == 0 &&
	    engine->commit(runner->db, err) == 0) {
		remember(runner, id, facts);
		return 0;
	}
	engine->rollback(runner->db);
	return -1;
}

/*
 * The ledger knows how many statements last: a transaction of the script's own
 * took back what it did, and the progress with it.
 */
static void tell_progress(struct runner *runner, const struct plan_item *item,
			  struct error *err)
{
	struct error ignored = { 0 };
	struct ledger_row *row = NULL;
	TALLOC_CTX *mem;

	if (!runner->record)
		return;
	runner->unfinished = true;
	mem = talloc_new(NULL);
	if (err->code != ERROR_CONNECTION &&
	    ledger_read_one(mem, runner->db, item->version, &row, &ignored) < 0)
		error_release(&ignored);
	if (row)
		error_hint(err,
			   "%d of %d statements are done and stay done: "
			   "git migrate status",
			   row->done, row->total);
	talloc_free(mem);
}

static int run_by_statement(struct runner *runner, const struct plan_item *item,
			    struct facts *facts, bool *skipped,
			    struct error *err)
{
	const struct script *script = item->script;
	int64_t started = clock_mono_us();
	size_t n = 0;

	if (claim(runner, item, facts, skipped, err) < 0 || *skipped)
		return *skipped ? 0 : -1;
	while (n < script->statement_count) {
		if (execute_alone(runner, script, n, facts, err) < 0)
			goto failed;
		n++;
		measured(facts, started);
		if (progress(runner, item, facts, (int)n, err) < 0)
			goto failed;
	}
	facts->ok = true;
	facts_release_locks(facts, clock_mono_us());
	if (close_ledger(runner, item, facts, err) == 0)
		return 0;
failed:
	limits_explain(runner->limits, err);
	runner->db->engine->rollback(runner->db);
	facts_release_locks(facts, clock_mono_us());
	measured(facts, started);
	record_failure(runner, facts, err);
	tell_progress(runner, item, err);
	return -1;
}

/* Rows of the tables that the split could name, before the script runs. What
   cannot be counted (no right to read it) is not counted, and no failure. */
static void count_before(struct runner *runner, struct script *script,
			 struct facts *facts)
{
	struct error ignored = { 0 };

	if (runner->db->engine->foresee)
		runner->db->engine->foresee(runner->db, script);
	for (size_t n = 0; n < script->statement_count; n++) {
		const struct statement *s = &script->statements[n];

		for (size_t i = 0; i < s->relation_count; i++) {
			size_t known = facts->table_count;
			struct fact_table *t = facts_table(facts,
							   s->relations[i]);

			if (known == facts->table_count ||
			    runner->db->engine->count_rows(
				    runner->db, t->name, runner->count_limit,
				    &t->rows_before, &t->estimated,
				    &ignored) == 0)
				continue;
			t->rows_before = -1;
			error_release(&ignored);
		}
	}
}

/* Tables that neither were nor are there (views, indexes) are no tables. */
static void count_after(struct runner *runner, struct facts *facts)
{
	struct error ignored = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < facts->table_count; i++) {
		struct fact_table *t = &facts->tables[i];
		bool estimated = false;

		if (runner->db->engine->count_rows(
			    runner->db, t->name, runner->count_limit,
			    &t->rows_after, &estimated, &ignored) < 0) {
			t->rows_after = -1;
			error_release(&ignored);
		}
		t->estimated |= estimated;
		if (t->rows_before >= 0 || t->rows_after >= 0)
			facts->tables[kept++] = *t;
	}
	facts->table_count = kept;
}

static void failure_label(const struct plan_item *item, struct error *err)
{
	char version[VERSION_LENGTH + 1];

	error_prefix(err, "unable to %s migration '%s_%s'",
		     item->direction == DIRECTION_UP ? "apply" : "revert",
		     version_format(item->version, version), item->name);
}

int runner_run(TALLOC_CTX *mem, struct runner *runner,
	       const struct plan_item *planned, struct facts **facts_out,
	       struct error *err)
{
	struct plan_item item = *planned;
	TALLOC_CTX *turn = talloc_new(NULL);
	struct facts *facts;
	bool skipped = false;
	int result = -1;

	*facts_out = NULL;
	if (runner_load(turn, runner, &item, err) < 0)
		goto out;
	if (!item.script->statements &&
	    runner->db->engine->split(item.script, err) < 0)
		goto out;
	facts = facts_new(mem, item.version, item.name, item.direction);
	*facts_out = facts;
	if (runner->starting)
		runner->starting(planned, runner->report_data);
	if (runner->record)
		count_before(runner, item.script, facts);
	result = item.script->no_transaction
			 ? run_by_statement(runner, &item, facts, &skipped, err)
			 : run_in_transaction(runner, &item, facts, &skipped,
					      err);
	if (result == 0 && skipped)
		*facts_out = NULL;
	else if (result == 0 && runner->record)
		count_after(runner, facts);
	else if (result < 0)
		failure_label(planned, err);
	if (runner->finished)
		runner->finished(planned, *facts_out, runner->report_data);
out:
	talloc_free(turn);
	return result;
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
	if (result < 0)
		engine->rollback(runner->db);
	talloc_free(runner->records);
	runner->records = NULL;
	runner->record_count = 0;
	return result;
}
