#include "core/db/postgres/internal.h"

#include <string.h>

#include "core/base/text.h"

/*
 * The transaction is in the session as the script has made it: unlike that of
 * begin(), nothing is reset, and settings that the statement makes stay. The
 * ledger's statements in it are beside the script's, as in a transaction that
 * the script began itself.
 */
int pg_begin_step(struct db *db, const struct script *script, size_t n,
		  struct error *err)
{
	struct pg *pg = pg_of(db);

	if (pg_start_script(pg, script, n, err) < 0)
		return -1;
	pg->script = script;
	if (pg_held_start(pg, err) < 0 || pg_send_sql(pg, "BEGIN", err) < 0 ||
	    pg_limits_send_step(pg, script, &script->statements[n], err) < 0)
		return -1;
	pg->inside = true;
	pg->transaction = PG_STEP;
	return 0;
}

int pg_end_step(struct db *db, struct error *err)
{
	struct pg *pg = pg_of(db);
	struct pg_outcome outcome = { 0 };
	const struct pg_statement commit = {
		.sql = "COMMIT",
		.of_script = true, /* deferred constraints are its own */
		.outcome = &outcome,
	};

	if (pg_look_settle(pg, err) < 0)
		return -1;
	pg_observe_ending(pg);
	if (pg_run(pg, &commit, err) < 0 ||
	    pg_check_committed(pg, &outcome, err) < 0)
		return -1;
	db->committed_us = outcome.arrived_us;
	pg_observe_end(pg, outcome.arrived_us);
	pg->transaction = PG_IDLE;
	pg_held_release(pg);
	return 0;
}

bool pg_inside(struct db *db)
{
	return pg_of(db)->inside;
}
