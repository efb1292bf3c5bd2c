#include "core/db/postgres/observe.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

/*
 * Who waits for what this session has locked, or has asked for itself: also
 * those that wait behind them. The server says since when, by its own clock.
 */

enum {
	WAITER_PID,
	WAITER_USER,
	WAITER_APPLICATION,
	WAITER_QUERY,
	WAITER_BLOCKERS,
	WAITER_RELATION,
	WAITER_NAME,
	WAITER_MODE,
	WAITER_SINCE,
	WAITER_NOW,
	WAITER_COLUMNS,
};

struct pg_waiter {
	int64_t pid, since; /* by the server's clock, in microseconds */
	bool ours;	    /* waits for us, or for one that does */
	const char *values[WAITER_COLUMNS];
};

struct pg_waiters *pg_waiters_new(TALLOC_CTX *mem)
{
	return talloc_zero(mem, struct pg_waiters);
}

int pg_waiters_take(const char *const *values, int count, void *data)
{
	struct pg_waiters *list = data;
	struct pg_waiter *w;

	(void)count;
	list->now = strtoll(values[WAITER_NOW], NULL, 10);
	if (!values[WAITER_PID] || !values[WAITER_SINCE])
		return 0;
	list->list = talloc_realloc(list, list->list, struct pg_waiter,
				    (unsigned)list->count + 1);
	w = &list->list[list->count++];
	memset(w, 0, sizeof(*w));
	w->pid = strtoll(values[WAITER_PID], NULL, 10);
	w->since = strtoll(values[WAITER_SINCE], NULL, 10);
	for (int i = 0; i < WAITER_COLUMNS; i++)
		w->values[i] = talloc_strdup(list, values[i]);
	return 0;
}

/* --- whose waiting is our doing ------------------------------------------- */

static bool is_ours(const struct pg_waiters *list, int64_t self, int64_t pid)
{
	if (pid == self)
		return true;
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].pid == pid)
			return list->list[i].ours;
	return false;
}

static bool waits_for_ours(const struct pg_waiters *list, int64_t self,
			   const struct pg_waiter *w)
{
	const char *blockers = w->values[WAITER_BLOCKERS];
	char *end;

	for (; blockers && *blockers; blockers = end) {
		int64_t pid = strtoll(blockers, &end, 10);

		if (end == blockers)
			return false;
		if (is_ours(list, self, pid))
			return true;
	}
	return false;
}

static void find_ours(struct pg_waiters *list, int64_t self)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < list->count; i++) {
			struct pg_waiter *w = &list->list[i];

			if (w->ours || w->pid == self ||
			    !waits_for_ours(list, self, w))
				continue;
			w->ours = more = true;
		}
	}
}

/* --- and what the facts say of them --------------------------------------- */

static const char *hidden(const char *query)
{
	return query && !strcmp(query, "<insufficient privilege>") ? NULL
								   : query;
}

/* As people write it, where that is how the other names are written. */
static const char *relation_name(struct pg *pg, const struct pg_waiter *w)
{
	const char *oid = w->values[WAITER_RELATION];
	const struct pg_relation *r =
		oid ? pg_held_find(pg, (unsigned)strtoul(oid, NULL, 10)) : NULL;

	return r ? r->name : w->values[WAITER_NAME];
}

static void introduce(struct pg *pg, struct fact_victim *v,
		      const struct pg_waiter *w)
{
	struct facts *facts = pg->observed;

	v->key = w->since;
	v->user = talloc_strdup(facts, w->values[WAITER_USER]);
	v->application = talloc_strdup(facts, w->values[WAITER_APPLICATION]);
	v->query = talloc_strdup(facts, hidden(w->values[WAITER_QUERY]));
	v->relation = talloc_strdup(facts, relation_name(pg, w));
	v->mode = talloc_strdup(facts, w->values[WAITER_MODE]);
	if (!v->query)
		facts_add_gap(facts, "what other roles run: this role is no "
				     "member of pg_read_all_stats");
}

static struct fact_victim *find(struct facts *facts, int64_t pid, int64_t key)
{
	for (size_t i = facts->victim_count; i-- > 0;)
		if (facts->victims[i].pid == pid &&
		    facts->victims[i].key == key)
			return &facts->victims[i];
	return NULL;
}

static void meet(struct pg *pg, const struct pg_waiter *w, int64_t seen_us)
{
	struct facts *facts = pg->observed;
	struct fact_victim *v = find(facts, w->pid, w->since);

	if (!v) {
		v = facts_add_victim(facts, w->pid,
				     w->since + pg->clock_offset_us);
		if (!v)
			return;
		introduce(pg, v, w);
	}
	v->seen_us = seen_us;
}

static double ms_between(int64_t from, int64_t to)
{
	return to > from ? (double)(to - from) / 1000 : 0;
}

static void close_victim(struct pg *pg, struct fact_victim *v, int64_t least_us,
			 int64_t most_us, const char *outcome)
{
	v->since_us = v->key + pg->clock_offset_us;
	v->from_ms = ms_between(pg->observed->began_us, v->since_us);
	v->waited_ms = ms_between(v->since_us, least_us);
	v->bound_ms = ms_between(least_us, most_us);
	v->outcome = outcome;
}

/* An answer is seldom late, and never early. */
static void compare_clocks(struct pg *pg, int64_t server_us, int64_t arrived_us)
{
	int64_t offset = arrived_us - server_us;

	if (!pg->clock_offset_us || offset < pg->clock_offset_us)
		pg->clock_offset_us = offset;
}

void pg_victims_take(struct pg *pg, struct pg_waiters *list, int64_t arrived_us)
{
	struct facts *facts = pg->observed;
	int64_t seen_us;

	if (!facts || !list->now)
		return;
	compare_clocks(pg, list->now, arrived_us);
	seen_us = list->now + pg->clock_offset_us;
	find_ours(list, pg->backend_pid);
	for (size_t i = 0; i < list->count; i++) {
		if (list->list[i].ours)
			meet(pg, &list->list[i], seen_us);
		else if (list->list[i].pid == pg->backend_pid)
			pg_waits_note(pg, &list->list[i], seen_us);
	}
	for (size_t i = 0; i < facts->victim_count; i++) {
		struct fact_victim *v = &facts->victims[i];

		if (!v->outcome && v->seen_us < seen_us)
			close_victim(pg, v, v->seen_us, seen_us, "gone");
	}
}

/* Who was served by the end waited until then; where it gave up between the
   last look and that, it is not known that it did. */
void pg_victims_end(struct pg *pg, int64_t ending_us, int64_t ended_us)
{
	struct facts *facts = pg->observed;

	for (size_t i = 0; facts && i < facts->victim_count; i++) {
		struct fact_victim *v = &facts->victims[i];
		int64_t least = v->seen_us > ending_us ? v->seen_us : ending_us;

		if (!v->outcome)
			close_victim(pg, v, least, ended_us, "served");
	}
}

int64_t pg_waiter_since(const struct pg_waiter *w)
{
	return w->since;
}

unsigned pg_waiter_relation(const struct pg_waiter *w)
{
	const char *oid = w->values[WAITER_RELATION];

	return oid ? (unsigned)strtoul(oid, NULL, 10) : 0;
}
