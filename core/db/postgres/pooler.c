#include "core/db/postgres/internal.h"

#include <stdlib.h>

/*
 * A pooler answers with a process number of its own making. One that hands out
 * sessions by the transaction (its usual way) would take the lock that keeps
 * other runs out in one session and look for it in another, and keep settings
 * and prepared statements where the next client finds them.
 */

static int refuse(const struct pg *pg, struct error *err)
{
	const char *target = pg->db.options.target;

	error_set(err, ERROR_REFUSED,
		  "a connection pooler stands before '%s', and a run needs one "
		  "session from its beginning to its end",
		  pg->db.label);
	if (!target) {
		error_hint(err, "name the server itself: --target URL");
		return -1;
	}
	error_hint(err,
		   "say where the server itself is: "
		   "git config migrate-target.%s.directUrl URL",
		   target);
	return error_hint(err,
			  "or, if the pooler keeps whole sessions: "
			  "git config migrate-target.%s.pooler session",
			  target);
}

int pg_pooler_check(struct pg *pg, const char *backend_pid, struct error *err)
{
	pg->backend_pid = atoi(backend_pid);
	pg->direct = PQbackendPID(pg->conn) == pg->backend_pid;
	if (pg->direct || pg->db.options.pools_sessions ||
	    pg->db.options.read_only)
		return 0;
	return refuse(pg, err);
}
