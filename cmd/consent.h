#ifndef CMD_CONSENT_H
#define CMD_CONSENT_H

#include "cmd/session.h"
#include "core/run/consent.h"

/* What a protected target asks for, on the command line and on a terminal. */

/*
 * To be called with prepared plans before anything is run, and again when they
 * have changed: refuses what lacks a backup or a confirmation, asks a person
 * who is there, and writes into the plans who has confirmed. `downs`: the first
 * plan may be reverted by the same call. Returns at once when the target is not
 * protected.
 */
int consent_ask(struct session *s, struct plan *const *plans, size_t count,
		bool downs);
/* For a plan that was made after that out of the same migrations. */
void consent_mark(const struct session *s, struct plan *plan);
/* For a dry run: prints what would be asked for. */
int consent_preview(struct session *s, const struct plan *plan, bool downs);

/* The command line as it can be typed again, without secrets. */
char *consent_command(TALLOC_CTX *mem, const char *name, int argc, char **argv);

#endif
