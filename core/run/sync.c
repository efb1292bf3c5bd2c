#include "core/run/sync.h"

#include <string.h>

#include "core/run/plan_internal.h"

/* What becomes of one entry. */
enum fate {
	FATE_NOTHING,
	FATE_DOWN, /* and not up again */
	FATE_UP,
	FATE_AGAIN, /* down, and up again */
	FATE_GO_ON, /* its up script */
	FATE_STAMP, /* its row gets another name, or another entry's version */
};

struct syncing {
	TALLOC_CTX *mem;
	const struct states *states;
	struct sync_plan *plan;
	bool finish;
	enum fate *fates;	     /* by entry */
	enum sync_reason *reasons;   /* by entry */
	const struct migration **to; /* by entry that is stamped */
	int64_t floor; /* whatever is newer goes and comes again */
};

const char *sync_reason_name(enum sync_reason reason)
{
	static const char *const names[] = {
		[SYNC_LACKING] = "lacking",
		[SYNC_CHANGED] = "changed",
		[SYNC_ABOVE] = "above-changed",
		[SYNC_BEGUN] = "unfinished",
		[SYNC_NEW] = "new",
	};

	return names[reason];
}

/* --- what is to be done --------------------------------------------------- */

/* An applied up script that is not the one of the set. */
static bool is_changed(const struct state_entry *e)
{
	return e->row && e->here && e->flags & FLAG_UP_CHANGED;
}

static void find_floor(struct syncing *s)
{
	s->floor = INT64_MAX;
	for (size_t i = 0; i < s->states->count; i++)
		if (is_changed(&s->states->list[i])) {
			s->floor = s->states->list[i].version;
			return;
		}
}

/* Not applied, and the very script that the gone one had. */
static bool is_heir(const struct syncing *s, size_t i,
		    const struct ledger_row *row)
{
	const struct state_entry *e = &s->states->list[i];

	return !e->row && s->fates[i] == FATE_UP && e->version < s->floor &&
	       !strcmp(e->here->half[DIRECTION_UP].blob, row->up_blob);
}

/*
 * The same script under another version: renumbered, or rebased by somebody
 * else. One of the same name comes first.
 */
static bool find_heir(struct syncing *s, size_t gone)
{
	const struct state_entry *e = &s->states->list[gone];
	size_t found = s->states->count;

	if (e->state != STATE_MISSING || e->version > s->floor)
		return false;
	for (size_t i = 0; i < s->states->count; i++) {
		if (!is_heir(s, i, e->row))
			continue;
		if (!strcmp(s->states->list[i].name, e->row->name)) {
			found = i;
			break;
		}
		if (found == s->states->count)
			found = i;
	}
	if (found == s->states->count)
		return false;
	s->fates[found] = FATE_NOTHING;
	s->to[gone] = s->states->list[found].here;
	return true;
}

/* Of one that is neither gone nor changed itself. */
static enum fate fate_of_applied(struct syncing *s, size_t i)
{
	const struct state_entry *e = &s->states->list[i];

	if (e->version > s->floor) {
		s->reasons[i] = SYNC_ABOVE;
		return FATE_AGAIN;
	}
	if (!(e->flags & FLAG_RENAMED)) {
		s->plan->down_changed += (e->flags & FLAG_DOWN_CHANGED) != 0;
		return FATE_NOTHING;
	}
	s->to[i] = e->here;
	return FATE_STAMP;
}

static enum fate fate_of_unfinished(struct syncing *s, size_t i)
{
	const struct state_entry *e = &s->states->list[i];

	s->reasons[i] = SYNC_BEGUN;
	if (plan_goes_on(e, DIRECTION_UP))
		return FATE_GO_ON;
	return e->here ? FATE_AGAIN : FATE_DOWN;
}

/* By what the ledger recorded when it was begun. */
static void add_begun(struct syncing *s, const struct state_entry *e)
{
	struct plan_item *item = plan_add_down(s->mem, &s->plan->begun, e);
	char version[VERSION_LENGTH + 1];

	version_format(e->version, version);
	item->direction = DIRECTION_UP;
	item->blob = e->row->up_blob;
	item->down_blob = e->row->down_blob;
	item->path = talloc_asprintf(s->mem, "%s_%s.up.sql (as recorded)",
				     version, e->row->name);
	item->down_path = talloc_asprintf(
		s->mem, "%s_%s.down.sql (as recorded)", version, e->row->name);
	item->resume = RESUME_SURE;
}

static enum fate fate_of(struct syncing *s, size_t i)
{
	const struct state_entry *e = &s->states->list[i];

	if (e->state == STATE_UNFINISHED &&
	    !(s->finish && plan_goes_on(e, DIRECTION_UP)))
		return fate_of_unfinished(s, i);
	if (e->state == STATE_UNFINISHED)
		add_begun(s, e);
	if (!e->row) {
		s->reasons[i] = SYNC_NEW;
		return FATE_UP;
	}
	if (!e->here) {
		s->reasons[i] = SYNC_LACKING;
		return FATE_DOWN;
	}
	if (is_changed(e)) {
		s->reasons[i] = SYNC_CHANGED;
		return FATE_AGAIN;
	}
	return fate_of_applied(s, i);
}

static void decide(struct syncing *s)
{
	find_floor(s);
	for (size_t i = 0; i < s->states->count; i++)
		s->fates[i] = fate_of(s, i);
	for (size_t i = 0; i < s->states->count; i++)
		if (s->fates[i] == FATE_DOWN && find_heir(s, i))
			s->fates[i] = FATE_STAMP;
}

/* --- the lists ------------------------------------------------------------ */

static void add_down(struct syncing *s, size_t i)
{
	struct sync_plan *plan = s->plan;
	const struct state_entry *e = &s->states->list[i];
	struct plan_item *item = plan_add_down(s->mem, &plan->downs, e);

	if (s->reasons[i] == SYNC_BEGUN)
		item->resume = RESUME_SURE;
	plan->down_reasons[plan->downs.count - 1] = s->reasons[i];
}

static void add_up(struct syncing *s, size_t i)
{
	struct sync_plan *plan = s->plan;
	struct plan_item *item = plan_add_up(s->mem, &plan->ups,
					     &s->states->list[i]);

	if (s->fates[i] == FATE_GO_ON)
		item->resume = RESUME_SURE;
	plan->up_reasons[plan->ups.count - 1] = s->reasons[i];
}

static bool goes_down(const struct syncing *s, size_t i)
{
	return s->fates[i] == FATE_DOWN || s->fates[i] == FATE_AGAIN;
}

static bool comes_up(const struct syncing *s, size_t i)
{
	return s->fates[i] == FATE_UP || s->fates[i] == FATE_AGAIN;
}

/* What stopped half way comes first, in either direction. */
static void fill(struct syncing *s)
{
	const struct states *states = s->states;
	struct sync_plan *plan = s->plan;

	for (size_t i = states->count; i-- > 0;)
		if (goes_down(s, i) && s->reasons[i] == SYNC_BEGUN)
			add_down(s, i);
	for (size_t i = states->count; i-- > 0;)
		if (goes_down(s, i) && s->reasons[i] != SYNC_BEGUN)
			add_down(s, i);
	for (size_t i = 0; i < states->count; i++)
		if (s->fates[i] == FATE_STAMP)
			plan->stamps[plan->stamp_count++] = (struct sync_stamp){
				&states->list[i], s->to[i]
			};
	for (size_t i = 0; i < states->count; i++)
		if (s->fates[i] == FATE_GO_ON)
			add_up(s, i);
	for (size_t i = 0; i < states->count; i++)
		if (comes_up(s, i))
			add_up(s, i);
}

/*
 * What is half applied is finished first, and nothing is reverted below it: it
 * has to be in the set as it was begun.
 */
static int check_unfinished(const struct syncing *s, struct error *err)
{
	bool downs = false;

	for (size_t i = 0; i < s->states->count; i++)
		downs |= goes_down(s, i);
	for (size_t i = 0; i < s->states->count; i++) {
		const struct state_entry *e = &s->states->list[i];

		if (s->fates[i] != FATE_GO_ON)
			continue;
		if (downs || !plan_is_whole(e) || e->flags & FLAG_UP_CHANGED)
			return plan_unfinished_error(e, err);
	}
	return 0;
}

static void *per_entry(const struct syncing *s, size_t size)
{
	return talloc_zero_size(s->mem, (s->states->count + 1) * size);
}

int sync_plan(TALLOC_CTX *mem, const struct states *states,
	      const struct set *set, bool finish, struct sync_plan *plan,
	      struct error *err)
{
	struct syncing s = {
		.mem = mem, .states = states, .plan = plan, .finish = finish
	};

	memset(plan, 0, sizeof(*plan));
	if (set_check(set, err) < 0)
		return -1;
	s.fates = per_entry(&s, sizeof(*s.fates));
	s.reasons = per_entry(&s, sizeof(*s.reasons));
	s.to = per_entry(&s, sizeof(*s.to));
	plan->down_reasons = per_entry(&s, sizeof(*plan->down_reasons));
	plan->up_reasons = per_entry(&s, sizeof(*plan->up_reasons));
	plan->stamps = per_entry(&s, sizeof(*plan->stamps));
	decide(&s);
	if (check_unfinished(&s, err) < 0)
		return -1;
	fill(&s);
	plan->ups.out_of_order = true;
	return 0;
}

/* --- comparing ------------------------------------------------------------ */

bool sync_plan_same(const struct sync_plan *a, const struct sync_plan *b)
{
	if (!plan_same(&a->begun, &b->begun) ||
	    !plan_same(&a->downs, &b->downs) || !plan_same(&a->ups, &b->ups) ||
	    a->stamp_count != b->stamp_count)
		return false;
	for (size_t i = 0; i < a->stamp_count; i++)
		if (a->stamps[i].from->version != b->stamps[i].from->version ||
		    a->stamps[i].to->version != b->stamps[i].to->version)
			return false;
	return true;
}
