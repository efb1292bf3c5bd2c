#ifndef CORE_RENUMBER_H
#define CORE_RENUMBER_H

#include <talloc.h>

#include "core/migration.h"

/* New versions for migrations that nobody else has; nothing is done here. */

struct renumbering {
	const struct migration *m; /* as it is */
	int64_t to;
};

struct renumber_request {
	const struct set *here;
	const struct set *theirs; /* what others have */
	const char *theirs_name;  /* as people call that: "origin/main" */
	/* those to renumber; count 0: those that are out of place */
	const int64_t *versions;
	size_t count;
	int64_t newest; /* of all that keep theirs */
	int64_t first;	/* the lowest version that may be given */
};

/*
 * Out of place is what others do not have while they have something newer, or
 * another migration of the same version; with it, whatever of ours is newer
 * gets a new version too, so that the order among ours stays. Versions are
 * given in that order from `first` on. Of several of ours with a version that
 * is asked for, one keeps it where others do not have the version. Errors: a
 * version that is not here, or that others have.
 */
int renumber_plan(TALLOC_CTX *mem, const struct renumber_request *request,
		  struct renumbering **list, size_t *count, struct error *err);

/* A script's path with another version. */
char *renumber_path(TALLOC_CTX *mem, const char *path, int64_t to);

/* The set as it is after that. */
struct set *renumber_set(TALLOC_CTX *mem, const struct set *here,
			 const struct renumbering *list, size_t count);

/*
 * Whether the same up scripts come before both, in the same order: what was
 * proven of the one holds for the other, whatever their versions are.
 */
bool renumber_same_before(const struct set *a, const struct migration *of_a,
			  const struct set *b, const struct migration *of_b);

#endif
