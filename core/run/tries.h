#ifndef CORE_RUN_TRIES_H
#define CORE_RUN_TRIES_H

#include "core/run/runner.h"

/*
 * A batch that meets rows which others have is not worth holding its own ones
 * for: it asks for as long as an attempt may, is rolled back, and tried again,
 * smaller, until --lock-wait is over since one last succeeded.
 *
 *	for (tries_ask(t, size); run(...) < 0; tries_ask(t, size)) {
 *		roll back, halve the size
 *		if (!tries_again(t, &pause_ms, &waiting_for, err))
 *			return -1;
 *		pause
 *	}
 *	tries_succeeded(t);
 *
 * The attempts are added to the facts, once one has failed.
 */
struct tries;

struct tries *tries_new(TALLOC_CTX *mem, struct runner *runner,
			const struct script *script, size_t n,
			struct facts *facts);

/* Before an attempt with so many rows: the connection is told for how long. */
void tries_ask(struct tries *tries, int64_t size);

/*
 * After one failed with err and is rolled back: true when others were in the
 * way and it is worth another one; err is then empty, and *waiting_for, which
 * lasts until the next call, says for whom it is, or NULL. Otherwise err is as
 * it was, or (ERROR_BUSY) lists who was in the way for too long.
 */
bool tries_again(struct tries *tries, int *pause_ms, const char **waiting_for,
		 struct error *err);

void tries_succeeded(struct tries *tries);

#endif
