#include "core/db/postgres/observe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/db/postgres/modes.h"

/*
 * Who waits for what this session has locked, or has asked for itself: also
 * those that wait behind them. The server says since when, by its own clock, by
 * which all times here are. Until when, is known to lie between two looks; but
 * one that is gone while we still have what keeps it out has given up, and its
 * session says when it was done with that.
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
	WAITER_KEEPING,
	WAITER_CHANGED,
	WAITER_IDLE,
	WAITER_ASKED,
	WAITER_NOW,
	WAITER_COLUMNS,
};

struct pg_waiter {
	int64_t pid;
	int64_t since;	 /* 0: waits no more */
	int64_t changed; /* when it last began or ended a statement; 0: hidden
			    from this role */
	bool idle;	 /* it has ended one */
	bool ours;	 /* waits for us, or for one that does */
	const char *values[WAITER_COLUMNS];
};

struct pg_waiters *pg_waiters_new(TALLOC_CTX *mem)
{
	return talloc_zero(mem, struct pg_waiters);
}

static int64_t number(const char *value)
{
	return value ? strtoll(value, NULL, 10) : 0;
}

int pg_waiters_take(const char *const *values, int count, void *data)
{
	struct pg_waiters *list = data;
	struct pg_waiter *w;

	(void)count;
	list->asked = number(values[WAITER_ASKED]);
	list->now = number(values[WAITER_NOW]);
	if (!values[WAITER_PID])
		return 0;
	list->list = talloc_realloc(list, list->list, struct pg_waiter,
				    (unsigned)list->count + 1);
	w = &list->list[list->count++];
	memset(w, 0, sizeof(*w));
	w->pid = number(values[WAITER_PID]);
	w->since = number(values[WAITER_SINCE]);
	w->changed = number(values[WAITER_CHANGED]);
	w->idle = values[WAITER_IDLE] && *values[WAITER_IDLE] == 't';
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

			if (w->ours || w->pid == self || !w->since ||
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
	v->relation_key = pg_waiter_relation(w);
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

/* Whether our transaction has what keeps it out. */
static bool is_kept(const struct fact_victim *v, const struct pg_waiter *w)
{
	const char *modes = w->values[WAITER_KEEPING];
	unsigned relation = pg_waiter_relation(w);
	unsigned mode = 1U << pg_mode_number(v->mode);

	if (!modes || !v->relation_key ||
	    (relation && relation != v->relation_key))
		return false;
	for (int m = 0; m < PG_MODE_COUNT; m++) {
		char word[64];

		snprintf(word, sizeof(word), " %s ", pg_mode_name(m));
		if (pg_mode_conflicts(m) & mode && strstr(modes, word))
			return true;
	}
	return false;
}

/* Once the commit was sent, others wait for what comes behind it. */
static void meet(struct pg *pg, const struct pg_waiter *w, int64_t seen)
{
	struct facts *facts = pg->observed;
	struct fact_victim *v = find(facts, w->pid, w->since);

	if (!v && !pg->ending_us) {
		v = facts_add_victim(facts, w->pid,
				     w->since + pg->clock_offset_us);
		if (v)
			introduce(pg, v, w);
	}
	if (!v)
		return;
	v->seen_us = seen;
	v->kept = is_kept(v, w);
}

static double ms_between(int64_t from, int64_t to)
{
	return to > from ? (double)(to - from) / 1000 : 0;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void close_victim(struct pg *pg, struct fact_victim *v, int64_t least,
			 int64_t most, const char *outcome)
{
	v->since_us = v->key + pg->clock_offset_us;
	v->from_ms = ms_between(pg->observed->began_us, v->since_us);
	v->waited_ms = ms_between(v->key, least);
	v->bound_ms = ms_between(later(v->key, least), most);
	v->outcome = outcome;
}

/* An answer is seldom late, and never early. */
static void compare_clocks(struct pg *pg, int64_t server_us, int64_t arrived_us)
{
	int64_t offset = arrived_us - server_us;

	if (!pg->clock_offset_us || offset < pg->clock_offset_us)
		pg->clock_offset_us = offset;
}

static const struct pg_waiter *session_of(const struct pg_waiters *list,
					  const struct fact_victim *v)
{
	static const struct pg_waiter unknown;

	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].pid == v->pid)
			return &list->list[i];
	return &unknown;
}

static const char *outcome_before_the_end(const struct fact_victim *v)
{
	return v->kept ? "gave up" : "gone";
}

/* It waits no more: until when it did, its session tells, that has done
   something else since; when one that gives up has not got so far, at the next
   look. */
static void leave(struct pg *pg, const struct pg_waiters *list,
		  struct fact_victim *v)
{
	const struct pg_waiter *w = session_of(list, v);
	int64_t most = v->gone_us ? v->gone_us : list->now;
	bool changed = w->changed > v->seen_us, first = !v->gone_us;

	/* what it waited for may have been let go since */
	if (first && !pg->ending_us)
		v->kept = v->kept && is_kept(v, w);
	v->gone_us = most;
	if (v->kept && first && w->changed && !changed)
		return;
	if (v->kept && changed && w->idle)
		v->seen_us = most = w->changed;
	else if (changed && w->changed < most)
		most = w->changed;
	close_victim(pg, v, v->seen_us, most, outcome_before_the_end(v));
}

/* Who is gone once the commit was sent was served by it, but for those that
   were done before that. */
static bool was_served(const struct pg *pg, const struct pg_waiters *list,
		       const struct fact_victim *v)
{
	const struct pg_waiter *w = session_of(list, v);

	return pg->ending_us &&
	       !(w->changed > v->seen_us &&
		 w->changed < pg->ending_us - pg->clock_offset_us);
}

void pg_victims_take(struct pg *pg, struct pg_waiters *list, int64_t arrived_us)
{
	struct facts *facts = pg->observed;

	if (!facts || !list->now)
		return;
	compare_clocks(pg, list->now, arrived_us);
	find_ours(list, pg->backend_pid);
	for (size_t i = 0; i < list->count; i++) {
		const struct pg_waiter *w = &list->list[i];

		if (w->ours)
			meet(pg, w, list->asked);
		else if (w->pid == pg->backend_pid && w->since)
			pg_waits_note(pg, w, list->asked + pg->clock_offset_us);
	}
	for (size_t i = 0; i < facts->victim_count; i++)
		if (!facts->victims[i].outcome &&
		    facts->victims[i].seen_us < list->asked &&
		    !was_served(pg, list, &facts->victims[i]))
			leave(pg, list, &facts->victims[i]);
}

bool pg_victims_any(const struct pg *pg)
{
	for (size_t i = 0; i < pg->observed->victim_count; i++)
		if (!pg->observed->victims[i].outcome)
			return true;
	return false;
}

void pg_victims_list(TALLOC_CTX *mem, const struct pg *pg, char **pids,
		     char **relations)
{
	const struct facts *facts = pg->observed;

	*pids = talloc_strdup(mem, "{");
	*relations = talloc_strdup(mem, "{");
	for (size_t i = 0; facts && i < facts->victim_count; i++) {
		const struct fact_victim *v = &facts->victims[i];
		const char *comma = (*pids)[1] ? "," : "";

		if (v->outcome)
			continue;
		*pids = talloc_asprintf_append_buffer(*pids, "%s%" PRId64,
						      comma, v->pid);
		*relations = talloc_asprintf_append_buffer(
			*relations, "%s%" PRId64, comma, v->relation_key);
	}
	*pids = talloc_strdup_append_buffer(*pids, "}");
	*relations = talloc_strdup_append_buffer(*relations, "}");
}

/* Who was served by the end waited until then. */
void pg_victims_end(struct pg *pg, int64_t ending_us, int64_t ended_us)
{
	struct facts *facts = pg->observed;

	for (size_t i = 0; facts && i < facts->victim_count; i++) {
		struct fact_victim *v = &facts->victims[i];
		int64_t ending = ending_us - pg->clock_offset_us;

		if (!v->outcome && v->gone_us)
			close_victim(pg, v, v->seen_us, v->gone_us,
				     outcome_before_the_end(v));
		else if (!v->outcome)
			close_victim(pg, v, later(v->seen_us, ending),
				     ended_us - pg->clock_offset_us, "served");
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
