#include "core/state.h"

#include <string.h>

static const char *const state_names[] = {
	[STATE_UNFINISHED] = "unfinished",
	[STATE_MODIFIED] = "modified",
	[STATE_MISSING] = "missing",
	[STATE_APPLIED] = "applied",
	[STATE_OUT_OF_ORDER] = "out-of-order",
	[STATE_UNCOMMITTED] = "uncommitted",
	[STATE_PENDING] = "pending",
};

static const char *const flag_texts[FLAG_COUNT] = {
	"uncommitted", "untracked",    "out-of-order",
	"up-changed",  "down-changed", "renamed",
	"half",	       "duplicate",    "reverting",
};

const char *state_name(enum migration_state state)
{
	return state_names[state];
}

const char *proof_state_name(enum proof_state state)
{
	return state == PROOF_VALID   ? "valid"
	       : state == PROOF_STALE ? "stale"
				      : "none";
}

int flag_names(unsigned flags, const char *names[FLAG_COUNT])
{
	int n = 0;

	for (int i = 0; i < FLAG_COUNT; i++)
		if (flags & 1u << i)
			names[n++] = flag_texts[i];
	return n;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* The entry's flags from what is here alone. */
static unsigned flags_here(const struct migration *m)
{
	unsigned halves = m->half[0].flags | m->half[1].flags, flags = 0;

	if (halves)
		flags |= FLAG_UNCOMMITTED;
	if (halves & HALF_UNTRACKED)
		flags |= FLAG_UNTRACKED;
	if (!m->half[0].path || !m->half[1].path)
		flags |= FLAG_HALF;
	return flags;
}

static void judge_applied(struct state_entry *e)
{
	const struct ledger_row *row = e->row;

	if (e->here) {
		if (!same(e->here->half[DIRECTION_UP].blob, row->up_blob))
			e->flags |= FLAG_UP_CHANGED;
		if (!same(e->here->half[DIRECTION_DOWN].blob, row->down_blob))
			e->flags |= FLAG_DOWN_CHANGED;
		if (strcmp(e->here->name, row->name) != 0)
			e->flags |= FLAG_RENAMED;
	}
	if (row->state == UNFINISHED) {
		e->state = STATE_UNFINISHED;
		if (row->direction == DIRECTION_DOWN)
			e->flags |= FLAG_REVERTING;
	} else if (!e->here) {
		e->state = STATE_MISSING;
	} else if (e->flags & (FLAG_UP_CHANGED | FLAG_DOWN_CHANGED)) {
		e->state = STATE_MODIFIED;
	} else {
		e->state = STATE_APPLIED;
	}
}

static void judge_pending(struct state_entry *e, int64_t newest_applied)
{
	if (e->version < newest_applied) {
		e->state = STATE_OUT_OF_ORDER;
		return;
	}
	e->state = e->flags & FLAG_UNCOMMITTED ? STATE_UNCOMMITTED
					       : STATE_PENDING;
}

static struct state_entry *append(struct states *states, int64_t version,
				  const char *name)
{
	struct state_entry *e = &states->list[states->count++];

	memset(e, 0, sizeof(*e));
	e->version = version;
	e->name = name;
	return e;
}

/* All migrations here that have this version; the ledger's row goes to the
   one that it fits best. */
static size_t add_version(struct states *states, const struct set *here,
			  size_t first, const struct ledger_row *row)
{
	size_t end = first, owner = first;

	while (end < here->count &&
	       here->list[end].version == here->list[first].version)
		end++;
	for (size_t i = first; row && i < end; i++)
		if (same(here->list[i].name, row->name))
			owner = i;
	for (size_t i = first; i < end; i++) {
		const struct migration *m = &here->list[i];
		struct state_entry *e = append(states, m->version, m->name);

		e->here = m;
		e->flags = flags_here(m);
		if (end - first > 1)
			e->flags |= FLAG_DUPLICATE;
		if (row && i == owner)
			e->row = row;
	}
	return end;
}

struct states *states_join(TALLOC_CTX *mem, const struct set *here,
			   const struct ledger *ledger)
{
	struct states *states = talloc_zero(mem, struct states);
	size_t i = 0, j = 0;

	states->list =
		talloc_array(states, struct state_entry,
			     (unsigned)(here->count + ledger->count) + 1);
	states->newest_applied = -1;
	while (i < here->count || j < ledger->count) {
		const struct ledger_row *row = j < ledger->count
						       ? &ledger->rows[j]
						       : NULL;

		if (row && (i == here->count ||
			    row->version < here->list[i].version)) {
			append(states, row->version, row->name)->row = row;
			j++;
			continue;
		}
		if (row && row->version == here->list[i].version)
			j++;
		else
			row = NULL;
		i = add_version(states, here, i, row);
	}
	if (ledger->count)
		states->newest_applied =
			ledger->rows[ledger->count - 1].version;
	for (size_t k = 0; k < states->count; k++) {
		if (states->list[k].row)
			judge_applied(&states->list[k]);
		else
			judge_pending(&states->list[k], states->newest_applied);
	}
	return states;
}

struct state_entry *states_find(const struct states *states, int64_t version)
{
	for (size_t i = 0; i < states->count; i++)
		if (states->list[i].version == version)
			return &states->list[i];
	return NULL;
}
