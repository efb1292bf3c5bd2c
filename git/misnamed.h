#ifndef GIT_MISNAMED_H
#define GIT_MISNAMED_H

#include "git/git.h"

/*
 * Files that nobody takes for a script, and that a person may have meant to be
 * one: SQL in the folder itself without .up or .down, and scripts with a
 * version in a folder below. Paths are from the top.
 */

/* Those that the next commit adds. */
int misnamed_staged(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		    char ***list, size_t *count, struct error *err);
/* Those directly in the work tree's folder; none where it cannot be read. */
void misnamed_here(TALLOC_CTX *mem, const struct repo *repo, const char *dir,
		   char ***list, size_t *count);

#endif
