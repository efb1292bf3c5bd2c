#ifndef CORE_SQL_SESSION_H
#define CORE_SQL_SESSION_H

#include "core/sql/script.h"

/*
 * What the statements of a script tell the session they run in, and those after
 * them rely on: settings, variables, temporary tables. When a script is gone on
 * with in another session, settings are made again; what cannot be made again
 * must not be relied on.
 */

/* Whether statement n only sets the session, in a way that comes out the same
   another time: it is to be carried out again. */
bool session_repeats(const struct script *script, size_t n);

/*
 * When the first `done` statements ran in a session that is gone: an error
 * (ERROR_REFUSED) at the first place of the others that relies on what was lost
 * with it.
 */
int session_check(const struct script *script, size_t done, struct error *err);

#endif
