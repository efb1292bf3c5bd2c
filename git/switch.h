#ifndef GIT_SWITCH_H
#define GIT_SWITCH_H

#include "git/internal.h"

/* The locks that a git switch takes, and meets. */

/* The index that git will write. */
char *switch_index_path(TALLOC_CTX *mem, const struct repo *repo);

/* What git switch locks: the first that is locked already, or NULL. */
char *switch_locked(TALLOC_CTX *mem, struct repo *repo,
		    const struct destination *to);
/* NULL when there is none, or none any more. */
char *switch_wait_for_locks(TALLOC_CTX *mem, struct repo *repo,
			    const struct destination *to, int wait_ms);
/* How long a lock of another git may be there, before anything is done: most
   are for a moment. */
#define SWITCH_LOCK_WAIT_MS 1000
/* The same of the index alone, for as long. */
char *switch_wait_for_index(TALLOC_CTX *mem, struct repo *repo);
/* ERROR_BUSY: git would not do that; with its name, its age, what to type. */
int switch_refuse_lock(TALLOC_CTX *mem, const char *lock, const char *what,
		       struct error *err);

/*
 * For a git switch that is about to start: what it needs in its environment to
 * tell its steps, NULL when it cannot; and after its end. One that is killed
 * leaves them.
 */
const char *switch_trace_begin(TALLOC_CTX *mem, struct repo *repo);
void switch_trace_end(struct repo *repo);
/* Whether it is certain that the last one, which does not run any more, has
   left that lock of the index. */
bool switch_has_left(struct repo *repo, const char *lock);

#endif
