#ifndef CORE_RUN_LIMITS_H
#define CORE_RUN_LIMITS_H

#include "core/db/db.h"

/*
 * How long a run, and each statement of its scripts, may take. Kept on any
 * engine by the tick, which cancels what runs; an engine that keeps the
 * statements' limit itself is told it.
 */
struct limits {
	struct db *db;
	int run_ms, statement_ms; /* 0: none */

	/* internal */
	int (*tick)(const char *waiting_for, void *data);
	void *tick_data;
	int64_t run_since_us, statement_since_us;
	enum { LIMIT_NONE, LIMIT_RUN, LIMIT_STATEMENT } reached;
};

/* From now on; *limits has to live as long as the connection is used. */
void limits_begin(struct limits *limits, struct db *db, int run_ms,
		  int statement_ms, int64_t run_since_us);

/* No more of them, for what undoes a run that has had its time. */
void limits_end(struct limits *limits);

/* Whether the run has had the time that it was given. */
bool limits_are_over(const struct limits *limits);

/* Whether the run has had its time: an error then. limits may be NULL. */
int limits_check(struct limits *limits, struct error *err);

/* Runs statement n as the engine does, within the limits (NULL: none). */
int limits_execute(struct limits *limits, struct db *db,
		   const struct script *script, size_t n, struct facts *facts,
		   struct error *err);

/* An interruption that was not the person's says what it was. */
void limits_explain(const struct limits *limits, struct error *err);

#endif
