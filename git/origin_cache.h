#ifndef GIT_ORIGIN_CACHE_H
#define GIT_ORIGIN_CACHE_H

#include "git/internal.h"

/*
 * What a walk through the history of one tip has found, kept in the git
 * directory: nothing can change it, but for the history that a shallow clone
 * lacks, where nothing is kept. Best effort, without errors.
 */
struct origin_cache;

/* What is kept of that tip's history of that folder. */
struct origin_cache *origin_cache_open(TALLOC_CTX *mem, struct repo *repo,
				       const char *tip, const char *folder);

/* Whether it is known where a pair came from; *commit (valid as long as the
   cache) is NULL when the pair, as it is, is in no commit. */
bool origin_cache_find(const struct origin_cache *cache,
		       const struct migration *migration, const char **commit);

void origin_cache_add(struct origin_cache *cache,
		      const struct migration *migration, const char *commit);

/* Writes what was added. */
void origin_cache_save(struct origin_cache *cache);

#endif
