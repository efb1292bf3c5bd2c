#ifndef CORE_RUN_PLAN_INTERNAL_H
#define CORE_RUN_PLAN_INTERNAL_H

#include "core/run/plan.h"

/* What the files that make plans share. */

/* An item at the end, on mem: the script that is here, or the recorded one. */
struct plan_item *plan_add_up(TALLOC_CTX *mem, struct plan *plan,
			      const struct state_entry *e);
struct plan_item *plan_add_down(TALLOC_CTX *mem, struct plan *plan,
				const struct state_entry *e);

/* Whether it stopped half way in that direction. */
bool plan_goes_on(const struct state_entry *e, enum direction direction);
/* Whether what is needed to go on with its up script is here. */
bool plan_is_whole(const struct state_entry *e);
/* "migration 'x' is unfinished: ..." */
int plan_unfinished_error(const struct state_entry *e, struct error *err);

#endif
