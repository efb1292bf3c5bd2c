#ifndef CORE_RUN_SYNC_H
#define CORE_RUN_SYNC_H

#include <talloc.h>

#include "core/run/plan.h"

/*
 * What makes a target have exactly the migrations of one set: a commit's, or
 * any other. Nothing is read or run here.
 *
 * First `downs`, newest first, by the recorded scripts; then `stamps`, which
 * run nothing: the same scripts have another version or name there; then
 * `ups`, oldest first. The three may be carried out at different times.
 */

enum sync_reason {
	SYNC_LACKING, /* down: the set does not have it */
	SYNC_CHANGED, /* both: the set has another up script */
	SYNC_ABOVE,   /* both: one below it changes, so it goes and comes again
		       */
	SYNC_BEGUN,   /* both: it stopped half way, and is gone on with */
	SYNC_NEW,     /* up: it is not applied */
};

/* "not there", "changed", ... for JSON and people. */
const char *sync_reason_name(enum sync_reason reason);

struct sync_stamp {
	const struct state_entry *from; /* with a row */
	const struct migration *to;
};

struct sync_plan {
	struct plan downs, ups;
	enum sync_reason *down_reasons, *up_reasons; /* by item */
	struct sync_stamp *stamps;
	size_t stamp_count;
	size_t down_changed; /* applied ones that stay, whose down script is
				another one there: the recorded one is kept */
};

/*
 * `states` is the set joined with the ledger. An up script that is not the
 * applied one goes, with all that are newer and applied, and all of them come
 * again: they may build on it. Errors: half a pair or a duplicate version in
 * the set, and what stopped half way and cannot be gone on with.
 */
int sync_plan(TALLOC_CTX *mem, const struct states *states,
	      const struct set *set, struct sync_plan *plan, struct error *err);

static inline bool sync_plan_is_empty(const struct sync_plan *plan)
{
	return !plan->downs.count && !plan->ups.count && !plan->stamp_count;
}

/* Whether both run and stamp the same. */
bool sync_plan_same(const struct sync_plan *a, const struct sync_plan *b);

#endif
