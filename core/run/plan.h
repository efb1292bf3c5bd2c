#ifndef CORE_RUN_PLAN_H
#define CORE_RUN_PLAN_H

#include <stdbool.h>
#include <talloc.h>

#include "core/sql/script.h"
#include "core/state.h"

/* Which migrations a command will run, in which order; nothing is run here. */

/* How an unfinished script goes on, when a statement of it was begun and the
   catalog does not tell what became of it. */
enum plan_resume {
	RESUME_NOT,   /* it is not unfinished */
	RESUME_SURE,  /* not at all: a person has to look */
	RESUME_AGAIN, /* that statement is run again */
	RESUME_SKIP,  /* a person leaves it out: not to be run before the
			 ledger counts it as done */
};

struct plan_item {
	int64_t version;
	const char *name;
	enum direction direction;
	const char *path;      /* of the script that will run */
	const char *down_path; /* up only: of the one to be recorded */
	const char *blob;      /* of the script that will run, or NULL */
	const char *down_blob; /* up only */
	const struct state_entry *entry;
	enum plan_resume resume;

	/* where it came from: filled by the caller of plan_up() */
	const char *commit; /* or NULL */
	const char *source; /* see struct ledger_row */
	const char *branch; /* or NULL */

	const char
		*confirmed_by; /* who said yes to what it destroys, or NULL */

	/* filled by runner_prepare() */
	struct script *script; /* NULL: too large to keep, read again */
	const char *down_text; /* up only, likewise */
};

struct plan {
	struct plan_item *items;
	size_t count;
	bool out_of_order; /* the caller accepts those */

	/* where a `hold` ends it, after runner_prepare(); NULL: nowhere */
	const char *held_label, *held_why;
	int64_t held_version;
};

struct plan_options {
	int limit; /* at most that many; 0: no limit */
	bool has_to;
	int64_t to;	   /* up: the last one to apply; down: the one that is
			      left as the newest (0: revert all) */
	bool out_of_order; /* apply pending ones older than what is applied */
};

/*
 * What `up` would apply: first what is unfinished, then oldest first. Errors,
 * each with its way on: a migration that is half reverted, half a pair, a
 * duplicate version, an applied script that has changed or has another version
 * now, out of order, an unknown --to.
 */
int plan_up(TALLOC_CTX *mem, const struct states *states,
	    const struct set *here, const struct plan_options *options,
	    struct plan *plan, struct error *err);

/* What `down` would revert, newest first; the ledger alone decides. */
int plan_down(TALLOC_CTX *mem, const struct states *states,
	      const struct plan_options *options, struct plan *plan,
	      struct error *err);

/*
 * What reverts these versions, all of them applied, the last one first.
 */
void plan_revert(TALLOC_CTX *mem, const struct states *states,
		 const int64_t *versions, size_t count, struct plan *plan);

/*
 * The unfinished migration of that version, or (-1) the newest one there is;
 * none: an empty plan. An error for a version that is not unfinished.
 */
int plan_repair(TALLOC_CTX *mem, const struct states *states, int64_t version,
		struct plan *plan, struct error *err);

/* Whether the same migrations would be done, in the same way. */
bool plan_same(const struct plan *a, const struct plan *b);

/* The first one of `now` that `then` would not do; NULL: all are among them. */
const struct plan_item *plan_beyond(const struct plan *then,
				    const struct plan *now);

/*
 * What applies again what `down` reverts, oldest first. All of it must be
 * here.
 */
void plan_again(TALLOC_CTX *mem, const struct plan *down, struct plan *up);

#endif
