#ifndef CORE_RUN_WAY_ON_H
#define CORE_RUN_WAY_ON_H

#include <stdbool.h>

#include "core/db/db.h"
#include "core/run/plan.h"

/* A script that stopped half way, as far as that decides what to type next. */
struct way_on {
	struct db *db;
	const struct plan_item *item;
	int started;	  /* the statement that was begun, or 0 */
	const char *left; /* by it, see db_engine's judge(), or NULL */
	bool half;	  /* it is to be finished */
	bool partly;	  /* ... by a person; `left` says how far it came */
	bool perhaps;	  /* something of it may have stayed */
	bool in_batches;  /* some of its batches are committed */
};

/* What a person can do about a statement that is DB_PARTLY done, as hints. */
int way_on_partly(const struct plan_item *item, struct error *err);

/* Adds that to the error it stopped with, as hints. */
void way_on_tell(const struct way_on *way, struct error *err);

#endif
