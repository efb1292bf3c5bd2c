#ifndef CORE_RUN_UNWIND_H
#define CORE_RUN_UNWIND_H

#include <jansson.h>

#include "core/run/proof.h"

/*
 * The full unwind: the down scripts of many migrations in a row, from the
 * newest to the oldest, and their up scripts again. After each the catalog is
 * compared with what it was at that place. What a down leaves behind is told
 * once, with the migration that left it, also when it shows only as the
 * failure of an older one.
 */

enum unwind_outcome {
	UNWIND_RESTORED, /* all the way, and up again */
	UNWIND_STOPPED,	 /* what ran did restore; an irreversible one is next */
	UNWIND_DIFFERS,
	UNWIND_FAILED, /* a script failed, which ended it */
};

const char *unwind_outcome_name(enum unwind_outcome outcome);

/* Only of migrations where something went wrong. */
struct unwind_step {
	int64_t version;
	const char *name;
	enum direction direction;
	/* "down" and "up again", as those of a proof; what an earlier step has
	   left is not repeated */
	struct proof_difference *differences;
	size_t difference_count;
	const char *error, *place; /* or NULL */
	const char *cause; /* label of the one whose down broke it; NULL: it
			      fails by itself, or that is not known */
};

struct unwind {
	enum unwind_outcome outcome;
	int64_t newest, oldest; /* that were to be reverted */
	size_t reverted;	/* how many downs ran */
	size_t total;
	const char *stopped_at; /* label of the irreversible one, or NULL */
	const char *why;
	struct unwind_step *steps;
	size_t step_count;
};

/* "unwind" in the JSON of prove; new reference. */
json_t *unwind_json(const struct unwind *unwind);

#endif
