#ifndef CORE_RUN_PATIENCE_H
#define CORE_RUN_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

/*
 * When to ask for locks that others may hold. Asking makes everyone queue
 * behind us who comes later, so: look first; as long as a transaction that was
 * in the way at the first look lasts, only wait; then ask, for a short time;
 * if that was in vain, let the others through, and look again. Where
 * transactions follow each other without a gap, only asking for longer than
 * one of them lasts succeeds: so the time grows.
 *
 * Pure: the caller looks, sleeps and asks, and says what the time is.
 */
struct patience {
	int timeout_ms; /* how long to ask at first */
	int limit_ms;	/* how long all of it may take */

	/* internal */
	int64_t began_us;
	int failures;
	bool looked; /* since it was last asked */
	const char **first;
	size_t first_count;
};

enum patience_action {
	PATIENCE_ASK,	  /* ms: for how long, each lock */
	PATIENCE_WAIT,	  /* ms: and then look again */
	PATIENCE_GIVE_UP, /* the limit is reached */
};

struct patience_step {
	enum patience_action action;
	int ms;
};

/* The lists hang on mem. */
struct patience *patience_new(TALLOC_CTX *mem, int timeout_ms, int limit_ms,
			      int64_t now_us);

/* After a look: which transactions are in the way, each by a name. */
struct patience_step patience_looked(struct patience *patience,
				     const char *const *transactions,
				     size_t count, int64_t now_us);

/*
 * After asking in vain: how long to leave the way to others. chance is a number
 * from 0 to 1 that makes two that do the same not do it at the same time.
 */
struct patience_step patience_failed(struct patience *patience, double chance,
				     int64_t now_us);

#endif
