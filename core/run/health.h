#ifndef CORE_RUN_HEALTH_H
#define CORE_RUN_HEALTH_H

#include <talloc.h>

#include "core/base/error.h"

/*
 * Whether what uses the database is still well: a URL that answers a GET with
 * a status of 200 to 299, or a command of the shell that exits with 0. What is
 * checked comes from the person alone, never from a clone.
 */
struct health {
	const char *check;  /* "http://...", "https://...", or a command */
	const char *folder; /* where a command runs */
	int watch_ms;	    /* a failure is tried again for that long */
	/* Called about ten times a second; nonzero stops (ERROR_INTERRUPTED).
	 */
	int (*tick)(const char *waiting_for, void *data);
	void *tick_data;
};

/*
 * Checks, again and again while it fails, for watch_ms. ERROR_REFUSED when it
 * still fails then, with what was answered last as the detail. A command finds
 * the migration in GIT_MIGRATE_VERSION and GIT_MIGRATE_NAME.
 */
int health_check(const struct health *health, const char *version,
		 const char *name, struct error *err);

#endif
