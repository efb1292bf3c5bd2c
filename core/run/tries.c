#include "core/run/tries.h"

#include <string.h>

#include "core/base/text.h"
#include "core/run/patience.h"
#include "core/run/waiting.h"

#define MOST_TRIES 8 /* of what is no matter of time */

struct tries {
	struct runner *runner;
	const struct script *script;
	size_t n;
	struct facts *facts;

	/* since one succeeded */
	struct patience *patience; /* from the first failure on */
	int failures, others;	   /* of these, without a lock time-out */

	int64_t asked_us;
	int timeout_ms;
	TALLOC_CTX *turn;
	struct fact_blocker *seen;
	size_t seen_count;
};

struct tries *tries_new(TALLOC_CTX *mem, struct runner *runner,
			const struct script *script, size_t n,
			struct facts *facts)
{
	struct tries *t = talloc_zero(mem, struct tries);

	t->runner = runner;
	t->script = script;
	t->n = n;
	t->facts = facts;
	return t;
}

/* One row alone keeps nobody waiting but for itself: it may ask for longer, as
   one that is wanted all the time has to be. */
void tries_ask(struct tries *t, int64_t size)
{
	struct db *db = t->runner->db;
	int64_t now = clock_mono_us();

	t->timeout_ms = t->runner->lock_timeout_ms;
	if (t->patience && t->timeout_ms && size == 1)
		t->timeout_ms = patience_looked(t->patience, NULL, 0, now).ms;
	db->lock_timeout_ms = t->timeout_ms;
	db->lock_weak = true;
	t->asked_us = now;
}

static void look(struct tries *t)
{
	struct db *db = t->runner->db;
	struct error ignored = { 0 };

	talloc_free(t->turn);
	t->turn = talloc_new(t);
	t->seen_count = 0;
	if (db->engine->blockers &&
	    db->engine->blockers(t->turn, db, t->script, t->n, 1, &t->seen,
				 &t->seen_count, &ignored) < 0) {
		t->seen_count = 0;
		error_release(&ignored);
	}
}

static void record(struct tries *t, const char *outcome, double waited_ms)
{
	struct fact_attempt *a = facts_add_attempt(t->facts);

	a->started_ms = facts_since(t->facts, t->asked_us);
	a->waited_ms = waited_ms;
	a->timeout_ms = t->timeout_ms;
	a->outcome = outcome;
	a->blockers = talloc_array(t->facts, struct fact_blocker,
				   (unsigned)t->seen_count);
	a->blocker_count = t->seen_count;
	for (size_t i = 0; i < t->seen_count; i++)
		fact_blocker_copy(a->blockers, &t->seen[i], &a->blockers[i]);
}

/* Two that met must not meet again. */
static double chance(void)
{
	return (double)(clock_mono_us() % 1000) / 1000;
}

static bool goes_on(struct tries *t, int *pause_ms, struct error *err)
{
	struct runner *runner = t->runner;
	struct patience_step step;

	if (!t->patience)
		t->patience = patience_new(t, runner->lock_timeout_ms,
					   runner->lock_wait_ms, t->asked_us);
	step = patience_failed(t->patience, chance(), clock_mono_us());
	if (step.action == PATIENCE_GIVE_UP && runner->lock_timeout_ms) {
		error_release(err);
		waiting_give_up(runner, t->seen, t->seen_count, err);
		return false;
	}
	*pause_ms = step.ms;
	return true;
}

bool tries_again(struct tries *t, int *pause_ms, const char **waiting_for,
		 struct error *err)
{
	bool timed_out = err->code == ERROR_LOCK_TIMEOUT;
	bool deadlock = err->code == ERROR_DEADLOCK;

	if (!timed_out && !deadlock && strcmp(err->sqlstate, "40001") != 0)
		return false;
	look(t);
	record(t,
	       deadlock	   ? "deadlock"
	       : timed_out ? "timeout"
			   : "failed",
	       (double)(clock_mono_us() - t->asked_us) / 1000);
	t->failures++;
	t->others += !timed_out;
	if (t->others == MOST_TRIES || !goes_on(t, pause_ms, err))
		return false;
	*waiting_for = t->seen_count ? fact_blocker_text_on(t->turn, t->seen)
				     : NULL;
	error_release(err);
	return true;
}

void tries_succeeded(struct tries *t)
{
	if (!t->failures)
		return;
	t->seen_count = 0;
	record(t, "ok", 0);
	talloc_free(t->patience);
	t->patience = NULL;
	t->failures = t->others = 0;
}
