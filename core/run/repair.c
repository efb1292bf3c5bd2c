#include "core/run/repair.h"

#include <string.h>

#include "core/base/text.h"
#include "core/run/runner_internal.h"

static void digest(const struct script *script, int first, int end, char *text)
{
	struct script_digest *d = script_digest_new(NULL);

	for (int n = first; n < end; n++)
		script_digest_add(d, script, (size_t)n);
	script_digest_text(d, text);
	talloc_free(d);
}

/* Whether what was carried out is still what the script begins with. */
static bool is_changed(const struct repair *repair)
{
	const struct script *script = repair->item.script;
	char text[SCRIPT_DIGEST_LENGTH + 1];

	if ((size_t)repair->progress->done > script->statement_count)
		return true;
	digest(script, 0, repair->progress->done, text);
	return strcmp(text, repair->progress->digest) != 0;
}

/* The same for the statement whose batches are committed. */
static bool is_altered(TALLOC_CTX *mem, const struct repair *repair)
{
	const struct script *script = repair->item.script;
	const struct progress *progress = repair->progress;
	const struct batch_position *at;
	char text[SCRIPT_DIGEST_LENGTH + 1];
	int n = progress->done;

	if (!progress->position || (size_t)n >= script->statement_count)
		return false;
	digest(script, n, n + 1, text);
	at = batch_position_parse(mem, progress->position);
	return !script->statements[n].batch || !at ||
	       strcmp(text, at->digest) != 0;
}

bool repair_is_under_way(const struct repair *repair)
{
	const struct progress *at = repair->progress;

	return at && at->started && repair->item.script && !repair->changed &&
	       (size_t)at->done < repair->item.script->statement_count;
}

static int judge(TALLOC_CTX *mem, struct runner *runner, struct repair *repair,
		 struct error *err)
{
	struct db *db = runner->db;

	if (!repair_is_under_way(repair) || !db->engine->judge)
		return 0;
	return db->engine->judge(mem, db, repair->item.script,
				 (size_t)repair->progress->done,
				 repair->progress->witness, &repair->verdict,
				 &repair->remains, err);
}

/* Whether the last run of it ended at the statement that is next. */
static int find_failed(TALLOC_CTX *mem, struct runner *runner,
		       struct repair *repair, struct error *err)
{
	const struct ledger_row *row = repair->row;
	const char *ran = row->direction == DIRECTION_UP ? row->up_blob
							 : row->down_blob;
	struct facts **runs;
	size_t count;

	if (!repair->progress || !repair->item.script || repair->changed)
		return 0;
	if (ledger_runs(mem, runner->db, row->version, 1, &runs, &count, err) <
	    0)
		return -1;
	repair->failed =
		count && !runs[0]->ok && runs[0]->statement_count &&
		runs[0]->direction == row->direction &&
		runs[0]->statements[runs[0]->statement_count - 1].index ==
			repair->progress->done + 1 &&
		(!ran || !repair->item.blob || !strcmp(ran, repair->item.blob));
	return 0;
}

/* A script that cannot be read any more leaves the other ways open. */
static void load(TALLOC_CTX *mem, struct runner *runner, struct repair *repair)
{
	struct plan_item *item = &repair->item;
	char version[VERSION_LENGTH + 1];

	if (!item->path && item->direction == DIRECTION_UP)
		item->path = item->down_path = talloc_asprintf(
			mem, "%s_%s.up.sql (as recorded)",
			version_format(item->version, version), item->name);
	if (runner_load(mem, runner, item, &repair->unreadable) < 0 ||
	    (!item->script->statements &&
	     runner->db->engine->split(item->script, &repair->unreadable) < 0))
		item->script = NULL;
}

int repair_look(TALLOC_CTX *mem, struct runner *runner,
		const struct plan_item *item, struct repair *repair,
		struct error *err)
{
	memset(repair, 0, sizeof(*repair));
	repair->item = *item;
	if (ledger_read_one(mem, runner->db, item->version, &repair->row, err) <
		    0 ||
	    progress_read(mem, runner->db, item->version, &repair->progress,
			  err) < 0)
		return -1;
	if (!repair->row || repair->row->state != UNFINISHED)
		return error_set(err, ERROR_REFUSED,
				 "it was finished by another run meanwhile");
	load(mem, runner, repair);
	if (runner->db->engine->holder &&
	    runner->db->engine->holder(mem, runner->db, &repair->run, err) < 0)
		return -1;
	if (repair->item.script && repair->progress)
		repair->changed = is_changed(repair);
	if (repair->item.script && repair->progress && !repair->changed)
		repair->altered = is_altered(mem, repair);
	repair->verdict = DB_UNKNOWN;
	if (repair->run.text)
		return 0;
	if (find_failed(mem, runner, repair, err) < 0)
		return -1;
	return judge(mem, runner, repair, err);
}

/* The run that says that a person has decided. */
static int record(struct runner *runner, const struct repair *repair,
		  const char *what, struct error *err)
{
	struct facts *facts = facts_new(NULL, repair->row->version,
					repair->row->name,
					repair->row->direction);
	int64_t id;
	int result;

	facts->ok = true;
	facts->repair = talloc_asprintf(facts, "%s by %s", what,
					runner->identity);
	result = runner_insert_run(runner, facts, &id, err);
	talloc_free(facts);
	return result;
}

/* The migration is applied, or it is not, and nothing is under way. */
static int settle(struct runner *runner, const struct repair *repair,
		  bool applied, const char *what, struct error *err)
{
	struct db *db = runner->db;
	struct ledger_row row = *repair->row;
	int result;

	row.state = APPLIED;
	row.direction = DIRECTION_UP;
	row.done = row.total;
	row.duration_ms = -1;
	if (db->engine->begin(db, NULL, err) < 0)
		return -1;
	result = applied ? ledger_progress(db, row.version, &row, err)
			 : ledger_remove(db, row.version, err);
	if (result == 0 && repair->progress)
		result = progress_remove(db, repair->progress, err);
	if (result == 0 && record(runner, repair, what, err) == 0 &&
	    db->engine->commit(db, err) == 0)
		return 0;
	db->engine->rollback(db);
	return -1;
}

int repair_mark(struct runner *runner, const struct repair *repair,
		enum repair_mark mark, struct error *err)
{
	bool up = repair->row->direction == DIRECTION_UP;

	return settle(runner, repair, up == (mark == REPAIR_DONE),
		      mark == REPAIR_DONE ? "marked as done"
					  : "marked as undone",
		      err);
}

/* How far it is now: the statement under way is not any more. */
static int save(struct runner *runner, const struct repair *repair, bool done,
		const char *what, struct error *err)
{
	struct db *db = runner->db;
	struct progress at = *repair->progress;
	struct ledger_row row = *repair->row;

	at.started = 0;
	at.witness = NULL;
	if (done) {
		at.position = NULL;
		row.done = ++at.done;
	}
	row.duration_ms = -1;
	digest(repair->item.script, 0, at.done, at.digest);
	if (db->engine->begin(db, NULL, err) < 0)
		return -1;
	if (ledger_progress(db, row.version, &row, err) == 0 &&
	    progress_update(db, &at, err) == 0 &&
	    record(runner, repair, what, err) == 0 &&
	    db->engine->commit(db, err) == 0)
		return 0;
	db->engine->rollback(db);
	return -1;
}

int repair_forget(struct runner *runner, const struct repair *repair,
		  bool *forgotten, struct error *err)
{
	const struct progress *at = repair->progress;

	*forgotten = false;
	if (!at || at->done || at->position ||
	    repair->row->direction != DIRECTION_UP)
		return 0;
	if (at->started &&
	    (!repair_is_under_way(repair) || repair->verdict != DB_UNDONE))
		return 0;
	if (claim_take_back(runner, &repair->item, at, err) < 0)
		return -1;
	*forgotten = true;
	return 0;
}

int repair_clean(struct runner *runner, const struct repair *repair,
		 bool *forgotten, struct error *err)
{
	const struct progress *at = repair->progress;
	bool remains = at && repair->verdict == DB_REMAINS;
	bool half = at && repair->verdict == DB_HALF;

	*forgotten = at && !at->done && !at->position &&
		     (!at->started || remains || repair->verdict == DB_UNDONE);
	if ((remains || half) &&
	    runner->db->engine->clean(runner->db, repair->item.script,
				      (size_t)at->done, at->witness, err) < 0)
		return -1;
	if (*forgotten)
		return settle(runner, repair,
			      repair->row->direction == DIRECTION_DOWN,
			      "cleaned up", err);
	if (half)
		return save(runner, repair, true, "finished", err);
	return remains ? save(runner, repair, false, "cleaned up", err) : 0;
}

static bool is_begun(const struct progress *at)
{
	return at->started || at->position;
}

/* What nobody has tried is not left out by accident. */
int repair_check_skip(const struct repair *repair, struct error *err)
{
	const struct progress *at = repair->progress;
	const char *way = direction_name(repair->row->direction);

	if (!at)
		return error_set(err, ERROR_REFUSED,
				 "how far it came is not recorded");
	if (repair->changed) {
		error_set(err, ERROR_REFUSED,
			  "what was carried out is not what the script begins "
			  "with now");
		return error_hint(err, "see what can be done: "
				       "git migrate repair");
	}
	if ((size_t)at->done >= repair->item.script->statement_count)
		error_set(err, ERROR_REFUSED,
			  "all of its statements are done: there is none to "
			  "skip");
	else if (is_begun(at) || repair->failed)
		return 0;
	else
		error_set(err, ERROR_REFUSED,
			  "statement %d was not begun, nor has it failed as it "
			  "is now: it is not to be skipped",
			  at->done + 1);
	return error_hint(err, "to go on: git migrate %s", way);
}

int repair_skip(struct runner *runner, const struct repair *repair,
		struct error *err)
{
	char *what = talloc_asprintf(NULL, "skipped statement %d",
				     repair->progress->done + 1);
	int result = save(runner, repair, true, what, err);
	talloc_free(what);
	return result;
}
