#include "core/run/waiting.h"

#include <poll.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/text.h"
#include "core/run/patience.h"

#define MOST_RECORDED 8
#define TICK_MS 50

struct waiting {
	struct runner *runner;
	const struct script *script;
	size_t first, count;
	struct facts *facts, then; /* `then`: how they were before */
	bool unobserved;	   /* the database's option, before */
	bool queues, waits;	   /* strong locks; any that others may hold */
	int64_t began_us;
	struct patience *patience;

	/* the attempt that is under way */
	int64_t attempt_us, asked_us;
	int timeout_ms;
	bool recorded; /* as the last one of the facts */
	bool failed;
	struct fact_blocker *first_seen;
	size_t first_count;

	/* the last look that saw somebody */
	TALLOC_CTX *turn;
	struct fact_blocker *seen;
	size_t seen_count;
};

/* What the script's statements will ask for. */
static void sum_needs(struct waiting *w)
{
	for (size_t n = w->first; n < w->first + w->count; n++) {
		const struct lock_need *need = &w->script->statements[n].need;

		w->queues = w->queues || need->queues;
		w->waits = w->waits || need->first || need->others;
	}
}

static void tell_whom(struct waiting *w);

/* A look that failed says nothing of the next script. */
static int look_again(struct waiting *w)
{
	w->runner->db->options.unobserved = w->unobserved;
	if (!w->patience && !w->failed)
		tell_whom(w);
	return 0;
}

struct waiting *waiting_new(TALLOC_CTX *mem, struct runner *runner,
			    const struct script *script, size_t first,
			    size_t count, struct facts *facts)
{
	struct waiting *w = talloc_zero(mem, struct waiting);

	w->runner = runner;
	w->script = script;
	w->first = first;
	w->count = count;
	w->facts = facts;
	w->then = *facts;
	w->unobserved = runner->db->options.unobserved;
	talloc_set_destructor(w, look_again);
	w->began_us = w->attempt_us = clock_mono_us();
	sum_needs(w);
	if (runner->lock_timeout_ms)
		w->patience = patience_new(w, runner->lock_timeout_ms,
					   runner->lock_wait_ms, w->began_us);
	return w;
}

static int interrupted(struct error *err)
{
	return error_set(err, ERROR_INTERRUPTED, "interrupted");
}

/* Idle, but for the tick; false when the person asked to stop. */
static bool pause_ms(struct waiting *w, int ms, const char *waiting_for)
{
	const struct db_options *options = &w->runner->db->options;
	int64_t end = clock_mono_us() + (int64_t)ms * 1000;

	for (;;) {
		int64_t left = (end - clock_mono_us()) / 1000;

		if (options->tick &&
		    options->tick(waiting_for, options->tick_data))
			return false;
		if (left <= 0)
			return true;
		poll(NULL, 0, left < TICK_MS ? (int)left : TICK_MS);
	}
}

/* --- looking -------------------------------------------------------------- */

static void keep_first_seen(struct waiting *w)
{
	size_t count = w->seen_count < MOST_RECORDED ? w->seen_count
						     : MOST_RECORDED;

	w->first_seen = talloc_array(w->facts, struct fact_blocker,
				     (unsigned)count);
	w->first_count = count;
	for (size_t i = 0; i < count; i++)
		fact_blocker_copy(w->first_seen, &w->seen[i],
				  &w->first_seen[i]);
}

/* Those that are seen are kept until others are. */
static int look(struct waiting *w, size_t *count, struct error *err)
{
	struct db *db = w->runner->db;
	TALLOC_CTX *turn = talloc_new(w);
	struct fact_blocker *list;

	if (db->engine->blockers(turn, db, w->script, w->first, w->count, &list,
				 count, err) < 0) {
		talloc_free(turn);
		return -1;
	}
	if (!*count) {
		talloc_free(turn);
		return 0;
	}
	talloc_free(w->turn);
	w->turn = turn;
	w->seen = list;
	w->seen_count = *count;
	return 0;
}

static struct patience_step judge(struct waiting *w, size_t count)
{
	const char **names = talloc_array(NULL, const char *, (unsigned)count);
	struct patience_step step;

	for (size_t i = 0; i < count; i++)
		names[i] = w->seen[i].transaction;
	step = patience_looked(w->patience, names, count, clock_mono_us());
	talloc_free(names);
	return step;
}

/* The one that is in the way for the longest time comes first. */
static char *who(TALLOC_CTX *mem, const struct waiting *w)
{
	char *text = fact_blocker_text_on(mem, w->seen);

	if (w->seen_count > 1)
		text = talloc_asprintf_append(text, " and %zu more",
					      w->seen_count - 1);
	return text;
}

static void list_blockers(const struct fact_blocker *seen, size_t count,
			  struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char *text = talloc_strdup(turn, "");
	size_t shown = count < MOST_RECORDED ? count : MOST_RECORDED;

	for (size_t i = 0; i < shown; i++)
		text = talloc_asprintf_append_buffer(
			text, "%s%s", i ? "\n" : "",
			fact_blocker_line(turn, &seen[i]));
	if (shown < count)
		text = talloc_asprintf_append_buffer(text, "\nand %zu more",
						     count - shown);
	error_detail(err, "%s",
		     *text ? text
			   : "nobody is seen to have them, now that it has "
			     "given up");
	talloc_free(turn);
}

static bool is_hidden(const struct fact_blocker *b)
{
	return !b->state || !b->user;
}

int waiting_give_up(const struct runner *runner,
		    const struct fact_blocker *seen, size_t count,
		    struct error *err)
{
	const char *right = runner->db->engine->sessions_right;
	char *limit = text_duration(NULL, runner->lock_wait_ms);

	error_set(err, ERROR_BUSY,
		  "the locks that it needs were not to be had in %s", limit);
	talloc_free(limit);
	list_blockers(seen, count, err);
	error_hint(err, "wait longer for them: --lock-wait DURATION");
	if (count && seen[0].remedy)
		error_hint(err, "or end what is in the way: %s",
			   seen[0].remedy);
	if (right && count && is_hidden(&seen[0]))
		error_hint(err,
			   "to see what it does, let somebody who may say: %s",
			   right);
	return -1;
}

static int give_up(struct waiting *w, struct error *err)
{
	return waiting_give_up(w->runner, w->seen, w->seen_count, err);
}

/* --- attempts ------------------------------------------------------------- */

static double ms_between(int64_t from_us, int64_t to_us)
{
	return (double)(to_us - from_us) / 1000;
}

/* As the last one of the facts; what is known of it may change. */
static void record(struct waiting *w, const char *outcome, double waited_ms)
{
	struct facts *facts = w->facts;
	struct fact_attempt *a;

	if (w->recorded) {
		a = &facts->attempts[facts->attempt_count - 1];
	} else {
		a = facts_add_attempt(facts);
		a->started_ms = ms_between(w->began_us, w->attempt_us);
		w->recorded = true;
	}
	a->blockers = w->first_seen;
	a->blocker_count = w->first_count;
	a->timeout_ms = w->timeout_ms;
	a->waited_ms = waited_ms;
	a->outcome = outcome;
}

static void next_attempt(struct waiting *w)
{
	w->recorded = false;
	w->attempt_us = clock_mono_us();
	w->timeout_ms = 0;
	w->first_seen = NULL;
	w->first_count = 0;
}

static void ask(struct waiting *w, int timeout_ms)
{
	struct db *db = w->runner->db;

	/* nobody queues behind what waits for a weak lock */
	if (!w->queues && timeout_ms < w->runner->lock_wait_ms)
		timeout_ms = w->runner->lock_wait_ms;
	w->timeout_ms = w->queues || w->waits ? timeout_ms : 0;
	db->lock_timeout_ms = w->timeout_ms;
	db->lock_weak = !w->queues;
	w->asked_us = clock_mono_us();
	/* a first one that was not in anybody's way is not worth telling */
	if (w->facts->attempt_count > w->then.attempt_count || w->first_count)
		record(w, "ok", ms_between(w->attempt_us, w->asked_us));
}

static int gave_up(struct waiting *w, struct error *err)
{
	record(w, "gave up", ms_between(w->attempt_us, clock_mono_us()));
	return give_up(w, err);
}

int waiting_look(struct waiting *w, struct error *err)
{
	bool can = w->runner->db->engine->blockers && w->queues;
	bool first = true;

	if (!w->patience)
		return 0;
	for (;;) {
		struct patience_step step;
		size_t count = 0;
		char *text;
		bool go_on;

		if (can && look(w, &count, err) < 0)
			return -1;
		if (first && count)
			keep_first_seen(w);
		first = false;
		step = judge(w, count);
		if (step.action == PATIENCE_ASK) {
			ask(w, step.ms);
			return 0;
		}
		if (step.action == PATIENCE_GIVE_UP)
			return gave_up(w, err);
		text = who(NULL, w);
		go_on = pause_ms(w, step.ms, text);
		talloc_free(text);
		if (!go_on) {
			record(w, "interrupted",
			       ms_between(w->attempt_us, clock_mono_us()));
			return interrupted(err);
		}
	}
}

static double chance(void)
{
	uint16_t number = 0;

	if (getrandom(&number, sizeof(number), 0) < 0)
		number = UINT16_MAX / 2;
	return (double)number / UINT16_MAX;
}

/*
 * Who is there now; those of an earlier look are not to be blamed. Rows are
 * held by whom nobody could see before they were asked for.
 */
static void look_back(struct waiting *w)
{
	struct error ignored = { 0 };
	size_t count = 0;

	if (w->runner->db->engine->blockers && look(w, &count, &ignored) < 0)
		error_release(&ignored);
	if (!count)
		w->seen_count = 0;
	else if (!w->first_count)
		keep_first_seen(w);
}

static bool leave_the_way(struct waiting *w, struct error *err)
{
	struct patience_step step = patience_failed(w->patience, chance(),
						    clock_mono_us());

	if (step.action == PATIENCE_GIVE_UP) {
		give_up(w, err);
		return false;
	}
	next_attempt(w);
	error_release(err);
	if (pause_ms(w, step.ms, w->seen_count ? "locks" : NULL)) {
		facts_start_again(w->facts, &w->then);
		return true;
	}
	interrupted(err);
	return false;
}

/* What it would have told is not worth a migration. */
static bool goes_on_unobserved(struct waiting *w, struct error *err)
{
	struct db *db = w->runner->db;
	char *gap;

	if (!db->look_failed || db->lost || err->code == ERROR_INTERRUPTED)
		return false;
	db->look_failed = false;
	db->options.unobserved = true;
	gap = talloc_asprintf(NULL,
			      "locks, and what was done under them: a "
			      "look at them failed: %s",
			      err->message);
	facts_start_again(w->facts, &w->then);
	facts_add_gap(w->facts, gap);
	talloc_free(gap);
	error_release(err);
	return true;
}

/* One that asks until it has its locks was seen waiting for these. */
static void tell_whom(struct waiting *w)
{
	double waited_ms = 0;

	if (w->runner->db->lost)
		return;
	look_back(w);
	if (!w->first_count)
		return;
	for (size_t i = w->then.statement_count; i < w->facts->statement_count;
	     i++)
		if (w->facts->statements[i].waited_ms > 0)
			waited_ms += w->facts->statements[i].waited_ms;
	record(w, "ok", waited_ms);
}

bool waiting_again(struct waiting *w, struct error *err)
{
	bool deadlock = err->code == ERROR_DEADLOCK;

	w->failed = true;
	if (goes_on_unobserved(w, err)) {
		w->failed = false;
		return true;
	}
	if (!w->patience)
		return false;
	if (!deadlock && err->code != ERROR_LOCK_TIMEOUT) {
		if (w->recorded && w->asked_us > w->attempt_us)
			record(w, "failed",
			       ms_between(w->attempt_us, w->asked_us));
		return false;
	}
	look_back(w);
	record(w, deadlock ? "deadlock" : "timeout",
	       ms_between(w->attempt_us, clock_mono_us()));
	return leave_the_way(w, err);
}
