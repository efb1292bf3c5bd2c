#ifndef CORE_RUN_REPLICAS_H
#define CORE_RUN_REPLICAS_H

#include "core/db/db.h"

/*
 * Replicas that the person has named, for a server that does not know how far
 * its own are behind. Connections are opened when they are first asked.
 */
struct replicas;

/* urls end with NULL; NULL when there are none. Options as the primary's. */
struct replicas *replicas_new(TALLOC_CTX *mem, const char *const *urls,
			      const struct db_options *options);

/*
 * Adds them to the load of the primary: the longest lag. *why says what holds
 * back of one whose lag is not known (it has stopped, or does not answer any
 * more), or is NULL. An error for one that cannot be asked the first time, or
 * is no replica.
 */
int replicas_load(struct replicas *replicas, struct db_load *load,
		  const char **why, struct error *err);

#endif
