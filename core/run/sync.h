#ifndef CORE_RUN_SYNC_H
#define CORE_RUN_SYNC_H

#include <talloc.h>

#include "core/run/plan.h"

/*
 * What makes a target have exactly the migrations of one set: a commit's, or
 * any other. Nothing is read or run here.
 *
 * First `begun`, up scripts that stopped half way and are completed as they
 * were begun, whatever becomes of them then; `downs`, newest first, by the
 * recorded scripts; `stamps`, which run nothing: the same scripts have another
 * version or name there; and `ups`, oldest first. Stamps and ups may be carried
 * out later than the others.
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
	struct plan begun, downs, ups;
	enum sync_reason *down_reasons, *up_reasons; /* by item */
	struct sync_stamp *stamps;
	size_t stamp_count;
	size_t down_changed; /* applied ones that stay, whose down script is
				another one there: the recorded one is kept */
};

/*
 * `states` is the set joined with the ledger. An up script that is not the
 * applied one goes, with all that are newer and applied, and all of them come
 * again: they may build on it. `finish`: what was begun is completed also where
 * the set does not have it, or not like that. Errors: half a pair or a
 * duplicate version in the set, and without `finish` what stopped half way and
 * cannot be gone on with.
 */
int sync_plan(TALLOC_CTX *mem, const struct states *states,
	      const struct set *set, bool finish, struct sync_plan *plan,
	      struct error *err);

static inline bool sync_plan_is_empty(const struct sync_plan *plan)
{
	return !plan->begun.count && !plan->downs.count && !plan->ups.count &&
	       !plan->stamp_count;
}

/* Whether both run and stamp the same. */
bool sync_plan_same(const struct sync_plan *a, const struct sync_plan *b);

#endif
