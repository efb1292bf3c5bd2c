#ifndef CORE_RUN_WAITING_H
#define CORE_RUN_WAITING_H

#include "core/run/runner.h"

/*
 * The way of a script, or of one statement outside a transaction, to its locks:
 *
 *	struct waiting *w = waiting_new(mem, runner, script, 0, count, facts);
 *	do
 *		result = waiting_look(w, err) < 0 ? -1 : attempt(...);
 *	while (result < 0 && waiting_again(w, err));
 *	talloc_free(w);
 *
 * Attempts are added to the facts, once there is more to tell than that the
 * first one succeeded at once.
 */
struct waiting;

struct waiting *waiting_new(TALLOC_CTX *mem, struct runner *runner,
			    const struct script *script, size_t first,
			    size_t count, struct facts *facts);

/* The error (ERROR_BUSY) of who has waited for these for --lock-wait. */
int waiting_give_up(const struct runner *runner,
		    const struct fact_blocker *seen, size_t count,
		    struct error *err);

/*
 * Returns 0 when it is time to ask, with the connection told for how long. An
 * error when the person interrupts, when the connection is lost, and
 * (ERROR_BUSY, which lists who is in the way) when patience is used up.
 */
int waiting_look(struct waiting *waiting, struct error *err);

/*
 * After an attempt failed with err, and is rolled back: true when it is worth
 * another one; err is then empty and the facts are as before the attempt.
 */
bool waiting_again(struct waiting *waiting, struct error *err);

#endif
