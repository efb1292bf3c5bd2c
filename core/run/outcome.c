#include "core/run/runner_internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/ledger.h"

/*
 * What became of a transaction whose connection was lost. Its record of the run
 * was to be committed with it: where that is, it was committed; where it is
 * not, it was not, once the server has ended the session.
 */

enum fate { FATE_UNKNOWN, FATE_COMMITTED, FATE_GONE };

static int take_run(const char *const *values, int count, void *data)
{
	(void)values;
	(void)count;
	*(bool *)data = true;
	return 0;
}

static int find_run(struct db *db, int64_t id, bool *there, struct error *err)
{
	char number[24];
	const char *params[] = { number };

	snprintf(number, sizeof(number), "%" PRId64, id);
	return db->engine->query(
		db, "SELECT id FROM git_migrate_runs WHERE id = $1", params, 1,
		take_run, there, err);
}

/* Someone else may have done the same since: the lock went with the
   connection. */
static void tell_others(TALLOC_CTX *mem, struct db *db,
			const struct plan_item *item, struct error *err)
{
	struct error ignored = { 0 };
	struct ledger_row *row;
	bool up = item->direction == DIRECTION_UP;

	if (ledger_read_one(mem, db, item->version, &row, &ignored) < 0)
		error_release(&ignored);
	else if ((row != NULL) == up)
		error_hint(err, "another run has %s it since",
			   up ? "applied" : "reverted");
}

static enum fate find_fate(struct runner *runner, const struct plan_item *item,
			   int64_t id, bool *answered, struct error *err)
{
	struct db *db = runner->db, *again = db;
	TALLOC_CTX *turn = talloc_new(NULL);
	struct error ignored = { 0 };
	bool over = true, there = false;
	enum fate fate = FATE_UNKNOWN;

	*answered = false;
	if (!runner->record ||
	    (db->lost &&
	     (!db->engine->inquire ||
	      db->engine->inquire(turn, db, &again, &over, &ignored) < 0)) ||
	    find_run(again, id, &there, &ignored) < 0)
		goto out;
	*answered = true;
	if (there)
		fate = FATE_COMMITTED;
	else if (over)
		fate = FATE_GONE;
	if (fate == FATE_GONE)
		tell_others(turn, again, item, err);
out:
	error_release(&ignored);
	talloc_free(turn);
	return fate;
}

static void tell_committed(const struct runner *runner,
			   const struct plan_item *item, struct error *err)
{
	char version[VERSION_LENGTH + 1];

	error_release(err);
	error_set(err, ERROR_CONNECTION,
		  "migration '%s_%s' was %s, and then the connection to '%s' "
		  "was lost",
		  version_format(item->version, version), item->name,
		  item->direction == DIRECTION_UP ? "applied" : "reverted",
		  runner->db->label);
}

void runner_find_outcome(struct runner *runner, const struct plan_item *item,
			 int64_t id, struct facts *facts, struct error *err)
{
	bool sent = runner->db->ended == DB_COMMIT_SENT, answered;

	if (runner->undone || (!runner->db->lost && !sent))
		return;
	switch (find_fate(runner, item, id, &answered, err)) {
	case FATE_COMMITTED:
		facts->ok = true;
		tell_committed(runner, item, err);
		return;
	case FATE_GONE:
		runner->undone = true;
		return;
	case FATE_UNKNOWN:
		break;
	}
	facts->unknown = sent;
	if (!sent)
		error_hint(err, "it was not told to commit: the server rolls "
				"it back when it sees that nobody is there");
	else if (answered)
		error_hint(err, "whether it was committed is not known: the "
				"server is still at it");
	else
		error_hint(err,
			   "whether it was committed is not known: '%s' does "
			   "not answer",
			   runner->db->label);
}

void runner_find_beyond(struct runner *runner, const struct facts *before,
			struct error *err)
{
	struct error found = { 0 };
	char version[VERSION_LENGTH + 1];
	const struct plan_item *item;
	enum fate fate = FATE_UNKNOWN;
	bool answered;
	int64_t id;

	if (!runner->sent)
		return;
	id = runner_take_sent(runner, &item);
	if (before->ok)
		fate = find_fate(runner, item, id, &answered, &found);
	else if (!before->unknown)
		fate = FATE_GONE;
	error_release(&found);
	if (fate == FATE_GONE)
		return;
	runner->beyond = 1;
	error_hint(err,
		   fate == FATE_COMMITTED
			   ? "'%s_%s' after it was applied, too"
			   : "whether '%s_%s' after it was applied is not "
			     "known either",
		   version_format(item->version, version), item->name);
}
