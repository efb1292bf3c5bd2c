#include "core/db/postgres/internal.h"

#include <string.h>

/*
 * The beginning of the next script goes along with the commit of the one
 * before it, without a pg_mark() between them: the server executes it only when
 * the commit has succeeded, and does not stand idle while we take note of that.
 * Nothing of it lasts without a commit of its own.
 */

void pg_follow(struct db *db, const struct script *script)
{
	pg_of(db)->follower = script;
}

/* Nobody has to be waited for, so that nobody has to be looked for first. */
static bool asks_nobody(const struct script *script)
{
	for (size_t i = 0; i < script->statement_count; i++)
		if (script->statements[i].need.first ||
		    script->statements[i].need.others)
			return false;
	return true;
}

/* Nothing has to be known, counted or put right before it. */
static bool may_follow(const struct pg *pg, const struct script *script)
{
	return !script->no_transaction && script->statement_count &&
	       script->statements[0].analysed &&
	       !script->statements[0].control && !pg->along_count &&
	       !pg->temporary && !pg->deep && asks_nobody(script) &&
	       pg_count_is_needless(script) && pg_held_is_prepared(pg, script);
}

int pg_ahead_send(struct pg *pg, struct error *err)
{
	const struct script *script = pg->follower;

	pg->follower = NULL;
	if (pg->transaction != PG_CLOSING || !script || !may_follow(pg, script))
		return 0;
	pg_held_release(pg);
	pg->transaction = PG_SCRIPT;
	pg->own_settings = false;
	pg->wal = -1;
	if (pg_flush(pg, err) < 0 || pg_send_sql(pg, "BEGIN", err) < 0 ||
	    pg_limits_send(pg, err) < 0 ||
	    pg_execute_ahead(pg, script, err) < 0)
		return -1;
	pg->ahead = script;
	return 0;
}

bool pg_ahead_take(struct pg *pg, const struct script *script)
{
	if (!script || script != pg->ahead)
		return false;
	pg->ahead = NULL;
	pg->ahead_us = pg->db.committed_us;
	pg->transaction = script->statement_count > 1 ? PG_SCRIPT : PG_CLOSING;
	return true;
}

int pg_ahead_drop(struct pg *pg, struct error *err)
{
	struct error ignored = { 0 };

	if (!pg->ahead)
		return 0;
	pg->ahead = NULL;
	pg_held_release(pg);
	if (pg_sync(pg, &ignored) < 0)
		error_release(&ignored);
	return pg->lost ? pg_failure_lost(pg, err)
			: pg_run_sql(pg, "ROLLBACK", err);
}
