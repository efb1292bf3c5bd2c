#include "core/run/runner_internal.h"

#include <string.h>

#include "core/base/text.h"

/*
 * Where the engine can send the whole transaction of a script ahead, it goes
 * while the one before it is being carried out, with its row of the ledger and
 * its run. What the run measures is not known then: it is written down by
 * runner_finish(), and every second in between, for which one transaction is
 * not sent ahead.
 */

#define WRITTEN_DOWN_EVERY_US 1000000

struct sent {
	const struct plan_item *item;
	int64_t id;
};

bool runner_has_sent(const struct runner *runner, const struct plan_item *item)
{
	return runner->sent && runner_is_same(runner->sent->item, item);
}

static bool is_due(const struct runner *runner)
{
	return runner->rough_since_us &&
	       clock_mono_us() - runner->rough_since_us >=
		       WRITTEN_DOWN_EVERY_US;
}

static bool may_send(const struct runner *runner)
{
	const struct plan_item *next = runner->next;

	return runner->db->engine->send && runner->record && next &&
	       next->direction == DIRECTION_UP && !next->resume &&
	       next->script && next->script->statements && !is_due(runner);
}

/* All that is known of it before it is carried out. */
static int record_rough(struct runner *runner, const struct plan_item *item,
			int64_t *id, struct error *err)
{
	struct facts *facts = facts_new(NULL, item->version, item->name,
					item->direction);
	int result;

	facts->ok = true;
	facts->confirmed_by = item->confirmed_by;
	facts->duration_ms = -1;
	run_counts_name(item->script, facts);
	facts_add_gap(facts, "what it did and how long that took: this program "
			     "was killed before it could write it down");
	result = runner_insert_row(runner, item, facts, APPLIED,
				   (int)item->script->statement_count, err);
	if (result == 0)
		result = runner_insert_run(runner, facts, id, err);
	talloc_free(facts);
	return result;
}

static int send(struct runner *runner, struct sent **out, struct error *err)
{
	struct db *db = runner->db;
	struct sent sent = { .item = runner->next };
	bool went;

	if (db->engine->send(db, sent.item->script, &went, err) < 0)
		return -1;
	if (!went)
		return 0;
	if (record_rough(runner, sent.item, &sent.id, err) < 0 ||
	    db->engine->send_commit(db, err) < 0)
		return -1;
	*out = talloc_memdup(NULL, &sent, sizeof(sent));
	return 0;
}

void runner_send_next(struct runner *runner)
{
	struct error ignored = { 0 };

	runner_split_next(runner);
	/* what keeps it from being sent, whoever waits next is told, too */
	if (may_send(runner) && send(runner, &runner->sent, &ignored) < 0)
		error_release(&ignored);
}

void runner_forget_sent(struct runner *runner)
{
	talloc_free(runner->sent);
	runner->sent = NULL;
}

int64_t runner_take_sent(struct runner *runner, const struct plan_item **item)
{
	int64_t id = runner->sent->id;

	if (item)
		*item = runner->sent->item;
	runner_forget_sent(runner);
	return id;
}

void runner_write_down(struct runner *runner)
{
	struct error ignored = { 0 };

	/* when that fails now it is tried again at the end, and told there */
	if (is_due(runner) && !runner->sent &&
	    runner_finish(runner, &ignored) < 0)
		error_release(&ignored);
}
