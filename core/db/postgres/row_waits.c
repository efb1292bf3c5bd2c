#include "core/db/postgres/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/base/text.h"

/*
 * Who has the rows that a statement waits for is known to nobody before it
 * waits, and not any more once it has given up. So the second connection of
 * watch.c asks while it waits, and the statement is ended by us, behind a look,
 * where nobody queues behind it: the server's own time-out comes a moment later
 * then, for when we cannot. Where others do queue the server's is the one that
 * counts, and the look comes before it.
 */

#define LOOK_FIRST_US 300000 /* where nobody else sees it wait */
#define LOOK_AGAIN_US 250000
#define LOOK_SOONEST_US 5000
#define BLIND_US 60000000

/* As the last look saw it. */
static bool is_waiting(const struct pg_row_wait *wait)
{
	return wait->seen_count && wait->seen_us == wait->looked_us;
}

static int64_t limit_us(const struct pg *pg)
{
	return (int64_t)pg->row_wait.limit_ms * 1000;
}

static void forget(struct pg_row_wait *wait)
{
	talloc_free(wait->turn);
	wait->turn = NULL;
	wait->seen_count = 0;
	wait->timed_out = false;
}

/* Its own time-out is the script's business. */
static bool is_own(struct pg *pg, const struct script *script,
		   const struct statement *s)
{
	if (s && pg->transaction == PG_SCRIPT && pg_limits_are_set(script, s))
		pg->row_wait.own = true;
	return pg->row_wait.own || pg->own_lock_timeout;
}

static void begin(struct pg_row_wait *wait, bool wanted)
{
	int64_t now = clock_mono_us();

	wait->over = false;
	wait->on = wanted &&
		   (!wait->blind_us || now - wait->blind_us > BLIND_US);
	wait->relation = NULL;
	wait->began_us = wait->since_us = now;
	wait->looked_us = wait->seen_us = 0;
}

void pg_row_wait_begin(struct pg *pg, const struct script *script,
		       const struct statement *s)
{
	struct pg_row_wait *wait = &pg->row_wait;

	/* where it may wait for ever nobody has looked for others before it */
	begin(wait,
	      pg->db.lock_timeout_ms
		      ? !is_own(pg, script, s) &&
				(!s || (!s->no_transaction && !s->need.queues))
		      : pg->db.wait_limit_ms && s && !s->no_transaction);
	wait->limit_ms = pg->db.lock_timeout_ms;
	if (wait->limit_ms)
		forget(wait);
	wait->ends = pg->db.lock_weak;
	if (s && s->relation_count)
		wait->relation = s->relations[0];
}

#define LEAST_MS 1000

void pg_row_wait_begin_ours(struct pg *pg)
{
	struct pg_row_wait *wait = &pg->row_wait;
	int ms = pg->db.options.wait_ms;

	forget(wait);
	begin(wait, pg->db.options.tick != NULL &&
			    (pg->direct || !pg->db.options.pools_sessions));
	wait->limit_ms = ms > LEAST_MS ? ms : LEAST_MS;
	wait->ends = true;
}

/* --- while it runs -------------------------------------------------------- */

/* The other second connection sees it wait, where there is one. */
static int64_t first_look_us(const struct pg *pg)
{
	const struct pg_row_wait *wait = &pg->row_wait;
	const struct pg_own_wait *own = &pg->own_wait;
	int64_t after = LOOK_FIRST_US;

	if (own->seen_us && !own->over_us)
		after = LOOK_SOONEST_US;
	else if (!wait->limit_ms)
		return INT64_MAX / 2;
	else if (limit_us(pg) / 2 < after)
		after = limit_us(pg) / 2;
	return wait->began_us + after;
}

static int64_t next_look_us(const struct pg *pg)
{
	const struct pg_row_wait *wait = &pg->row_wait;
	int64_t again = wait->looked_us + LOOK_AGAIN_US;
	int64_t end = wait->since_us + limit_us(pg);

	if (!wait->looked_us)
		return first_look_us(pg);
	if (!wait->limit_ms && pg->own_wait.over_us)
		return INT64_MAX / 2;
	if (!wait->limit_ms || !is_waiting(wait) || end > again)
		return again;
	return end > wait->looked_us + LOOK_SOONEST_US
		       ? end
		       : wait->looked_us + LOOK_SOONEST_US;
}

void pg_row_wait_due(const struct pg *pg, int *timeout_ms)
{
	int64_t left;

	if (!pg->row_wait.on || pg->row_wait.over)
		return;
	left = (next_look_us(pg) - clock_mono_us()) / 1000 + 1;
	if (left < *timeout_ms)
		*timeout_ms = left > 0 ? (int)left : 0;
}

static int take_blocker(const char *const *values, int count, void *data)
{
	struct pg *pg = data;
	struct pg_row_wait *wait = &pg->row_wait;
	struct fact_blocker *b;

	(void)count;
	if (wait->seen_us != wait->looked_us) {
		forget(wait);
		wait->turn = talloc_new(pg);
		wait->seen_us = wait->looked_us;
	}
	if (wait->seen_count == PG_MOST_SEEN)
		return 0;
	b = &wait->seen[wait->seen_count++];
	pg_take_blocker(wait->turn, values, b);
	b->remedy = talloc_strdup(wait->turn, values[9]);
	if (!b->relation)
		b->relation = talloc_strdup(wait->turn, wait->relation);
	return 0;
}

static int ask(struct pg *pg)
{
	struct error ignored = { 0 };
	char pid[16];
	const char *params[] = { pid };
	const struct pg_statement statement = {
		.sql = embed_text("core/db/postgres/row_waits.sql"),
		.params = params,
		.param_count = 1,
		.keep = true,
		.row = take_blocker,
		.data = pg,
	};
	int result;

	snprintf(pid, sizeof(pid), "%d",
		 pg->backend_pid ? pg->backend_pid : PQbackendPID(pg->conn));
	result = pg_run(pg->watcher, &statement, &ignored);
	error_release(&ignored);
	return result;
}

static void look(struct pg *pg)
{
	struct pg_row_wait *wait = &pg->row_wait;
	int64_t first = is_waiting(wait) ? wait->seen[0].pid : -1;
	int64_t before = wait->looked_us ? wait->looked_us : wait->began_us;

	pg->waiting_for = NULL;
	wait->looked_us = clock_mono_us();
	if (!pg_watcher_open(pg) || ask(pg) < 0) {
		wait->on = false;
		wait->blind_us = wait->looked_us;
		return;
	}
	if (!is_waiting(wait))
		return;
	/* one behind the other, each has its time */
	if (wait->seen[0].pid != first)
		wait->since_us = before;
	pg->waiting_for = fact_blocker_text_on(wait->turn, wait->seen);
}

bool pg_row_wait_is_over(struct pg *pg)
{
	struct pg_row_wait *wait = &pg->row_wait;

	if (!wait->on || wait->over)
		return wait->on;
	if (clock_mono_us() < next_look_us(pg))
		return false;
	look(pg);
	wait->over = is_waiting(wait) && wait->ends &&
		     clock_mono_us() - wait->since_us >= limit_us(pg);
	return wait->over;
}

/* --- and after it --------------------------------------------------------- */

#define CANCELLED "57014"

int pg_row_wait_end(struct pg *pg, int result, struct error *err)
{
	struct pg_row_wait *wait = &pg->row_wait;

	if (!wait->on)
		return result;
	wait->on = false;
	pg->waiting_for = NULL;
	if (result < 0 && wait->over && !pg->interrupted && !pg->lost &&
	    !strcmp(err->sqlstate, CANCELLED)) {
		error_release(err);
		error_set(err, ERROR_LOCK_TIMEOUT,
			  "canceling statement due to lock timeout");
		pg->db.look_failed = false;
	}
	if (!wait->limit_ms) {
		wait->timed_out = wait->seen_count > 0;
		return result;
	}
	/* the last look may have come when the server had ended it */
	wait->timed_out = result < 0 && err->code == ERROR_LOCK_TIMEOUT &&
			  clock_mono_us() - wait->seen_us <
				  limit_us(pg) + LOOK_AGAIN_US;
	return result;
}

void pg_row_wait_recall(TALLOC_CTX *mem, struct pg *pg,
			struct fact_blocker **list, size_t *count)
{
	struct pg_row_wait *wait = &pg->row_wait;

	*count = wait->timed_out ? wait->seen_count : 0;
	wait->timed_out = false;
	*list = talloc_array(mem, struct fact_blocker, (unsigned)*count);
	for (size_t i = 0; i < *count; i++) {
		fact_blocker_copy(*list, &wait->seen[i], &(*list)[i]);
		(*list)[i].transaction = "";
		(*list)[i].remedy = talloc_strdup(*list, wait->seen[i].remedy);
	}
}

int pg_row_wait_end_ours(struct pg *pg, int result, struct error *err)
{
	const struct pg_row_wait *wait = &pg->row_wait;

	result = pg_row_wait_end(pg, result, err);
	if (result == 0 || !wait->timed_out || !wait->seen_count)
		return result;
	error_release(err);
	return db_kept_locked(&pg->db, wait->limit_ms, wait->seen,
			      wait->seen_count, err);
}
