#ifndef GIT_STAGED_H
#define GIT_STAGED_H

#include "git/git.h"

/*
 * What a commit is about to bring, for a hook: only the versions that it
 * touches are looked at, whatever else there is.
 */

/* A branch that others have: the upstream of this one, and the default branch
   of a remote. */
struct staged_other {
	const char *name; /* "origin/main" */
	struct set *set;  /* its migrations of the touched versions */
	int64_t newest;	  /* of all its versions, -1: it has none */
};

struct staged {
	bool untouched; /* git has noted that the folder is HEAD's */
	bool changed; /* false: no script is touched; nothing else is filled */
	int64_t *versions; /* the touched ones, sorted */
	size_t version_count;
	struct set *before, *now; /* HEAD's and the index's */
	struct staged_other *others;
	size_t other_count;
	/* what cannot be a migration is a problem of `now` */
};

/* In two steps: git compares while the caller does something else.
   staged_end() frees the search in any case. */
struct staging;
int staged_begin(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		 struct staging **staging, struct error *err);
int staged_end(TALLOC_CTX *mem, struct staging *staging, struct staged *staged,
	       struct error *err);

#endif
