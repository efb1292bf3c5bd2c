#include "core/db/postgres/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/*
 * A script is a guest in the session. What it changed there (settings, role,
 * search path) must not reach the ledger's statements beside it, nor the next
 * script, and the ledger's statements must not change anything under a script
 * that goes on after them:
 *
 * - In a transaction of ours the script's statements are over when the first
 *   ledger statement comes. Deferred constraints are checked then, still under
 *   the script's settings, and the session is reset; the commit makes this
 *   last, so that the next script finds it clean without another round trip.
 * - Between the statements of a script outside of a transaction, the ledger's
 *   statements get a transaction of their own in which role, user and encoding
 *   are the session's defaults, LOCAL.
 * - In a transaction that the script itself began, the three are put back
 *   afterwards, too.
 *
 * Our own tables are always named with their schema, so that the search path
 * does not matter.
 */

static const char *const defaults[] = {
	"SET LOCAL session_authorization TO DEFAULT",
	"SET LOCAL role TO DEFAULT",
	"SET LOCAL client_encoding TO DEFAULT",
	NULL,
};

static const char put_aside[] =
	"SELECT pg_catalog.set_config('git_migrate.authorization', "
	"pg_catalog.current_setting('session_authorization'), true), "
	"pg_catalog.set_config('git_migrate.role', "
	"pg_catalog.current_setting('role'), true), "
	"pg_catalog.set_config('git_migrate.encoding', "
	"pg_catalog.current_setting('client_encoding'), true)";

static const char put_back[] =
	"SELECT pg_catalog.set_config('session_authorization', "
	"pg_catalog.current_setting('git_migrate.authorization'), true), "
	"pg_catalog.set_config('role', "
	"pg_catalog.current_setting('git_migrate.role'), true), "
	"pg_catalog.set_config('client_encoding', "
	"pg_catalog.current_setting('git_migrate.encoding'), true)";

static const char *const resets[] = {
	"RESET SESSION AUTHORIZATION",
	"RESET ROLE",
	"RESET ALL",
	NULL,
};

static int send_list(struct pg *pg, const char *const *list, struct error *err)
{
	for (; *list; list++)
		if (pg_send_sql(pg, *list, err) < 0)
			return -1;
	return 0;
}

/* DISCARD ALL without what we need ourselves: the lock. */
int pg_reset(struct pg *pg, struct error *err)
{
	if (!pg->tainted)
		return 0;
	if (send_list(pg, resets, err) < 0 ||
	    (pg->temporary && pg_send_sql(pg, "DISCARD TEMP", err) < 0) ||
	    (pg->deep && (pg_send_sql(pg, "CLOSE ALL", err) < 0 ||
			  pg_send_sql(pg, "UNLISTEN *", err) < 0 ||
			  pg_send_sql(pg, "DEALLOCATE ALL", err) < 0)) ||
	    pg_sync(pg, err) < 0)
		return -1;
	if (pg->deep)
		pg_forget_kept(pg);
	pg->tainted = pg->temporary = pg->deep = false;
	pg_limits_forget(pg);
	return pg_lock_check(pg, err);
}

int pg_close_script(struct pg *pg, struct error *err)
{
	const struct pg_statement constraints = {
		.sql = "SET CONSTRAINTS ALL IMMEDIATE",
		.keep = true,
		.of_script = true,
	};

	pg->transaction = PG_CLOSING;
	if (pg->composed && pg_ahead_leaves_session(pg))
		return 0;
	if (pg_send(pg, &constraints, err) < 0)
		return -1;
	return send_list(pg, resets, err);
}

enum aside { ASIDE_NOT, ASIDE_BEGUN, ASIDE_WITHIN };

/* Makes room for statements of ours beside those of a script. */
static int enter(struct pg *pg, enum aside *aside, struct error *err)
{
	*aside = ASIDE_NOT;
	if (pg->transaction == PG_SCRIPT && pg_close_script(pg, err) < 0)
		return -1;
	/* what the look saw is to be recorded */
	if (pg->transaction == PG_CLOSING)
		return pg_look_settle(pg, err);
	if ((pg->transaction != PG_IDLE && pg->transaction != PG_STEP) ||
	    !pg->tainted)
		return 0;
	*aside = pg->inside ? ASIDE_WITHIN : ASIDE_BEGUN;
	if (pg_send_sql(pg, *aside == ASIDE_WITHIN ? put_aside : "BEGIN", err) <
	    0)
		return -1;
	return send_list(pg, defaults, err);
}

static int leave(struct pg *pg, enum aside aside, struct error *err)
{
	if (aside == ASIDE_NOT)
		return 0;
	return pg_send_sql(pg, aside == ASIDE_WITHIN ? put_back : "COMMIT",
			   err);
}

static int send_ours(struct pg *pg, const struct pg_statement *ours,
		     enum aside *aside, struct error *err)
{
	if (enter(pg, aside, err) < 0 || pg_send(pg, ours, err) < 0)
		return -1;
	return leave(pg, *aside, err);
}

static int run_ours(struct pg *pg, const struct pg_statement *statement,
		    struct error *err)
{
	enum aside aside;
	bool done = false;
	int result = 0;

	if (!pg->schema && !pg->inside && pg->transaction == PG_IDLE &&
	    pg_names_ledger(statement->sql))
		result = pg_find_schema_along(pg, statement, &done, err);
	if (result != 0 || done)
		return result;
	result = send_ours(pg, statement, &aside, err);
	if (result == 0)
		result = pg_sync(pg, err);
	if (result < 0 && aside == ASIDE_BEGUN)
		pg_session_rollback(&pg->db);
	return result;
}

/* One whose answer is waited for. */
static int query(struct pg *pg, const struct pg_statement *statement,
		 struct error *err)
{
	if (pg->transaction != PG_IDLE || pg->inside)
		return run_ours(pg, statement, err);
	pg_row_wait_begin_ours(pg);
	return pg_row_wait_end_ours(pg, run_ours(pg, statement, err), err);
}

int pg_session_query(struct db *db, const char *sql, const char *const *params,
		     int param_count, db_row_fn row, void *data,
		     struct error *err)
{
	const struct pg_statement statement = {
		.sql = sql,
		.params = params,
		.param_count = param_count,
		.ledger = true,
		.row = row,
		.data = data,
	};

	return query(pg_of(db), &statement, err);
}

int pg_session_change(struct db *db, const char *sql, const char *const *params,
		      int param_count, int64_t *rows, struct error *err)
{
	struct pg_outcome outcome = { 0 };
	const struct pg_statement statement = {
		.sql = sql,
		.params = params,
		.param_count = param_count,
		.keep = true,
		.ledger = true,
		.outcome = &outcome,
	};
	int result = query(pg_of(db), &statement, err);

	*rows = outcome.rows;
	return result;
}

int pg_session_queue(struct db *db, const char *sql, const char *const *params,
		     int param_count, struct error *err)
{
	const struct pg_statement statement = {
		.sql = sql,
		.params = params,
		.param_count = param_count,
		.keep = true,
		.ledger = true,
	};
	enum aside aside;

	return send_ours(pg_of(db), &statement, &aside, err);
}

static int left_open(struct pg *pg, struct error *err)
{
	error_set(err, ERROR_SQL,
		  "the script ends inside a transaction that it began");
	error_hint(err, "end it with COMMIT; what it did since its BEGIN is "
			"rolled back");
	if (pg->script)
		error_at(err, pg->script->path, 0, 0);
	return -1;
}

int pg_session_begin(struct db *db, const struct script *script,
		     struct error *err)
{
	struct pg *pg = pg_of(db);

	db->ended = DB_OPEN;
	if (pg->transaction == PG_IDLE && pg->inside)
		return left_open(pg, err);
	if (pg_reset(pg, err) < 0 || pg_ahead_lock_again(pg, err) < 0)
		return -1;
	if (pg_find_schema(pg, err) < 0 ||
	    (script && pg_held_prepare(pg, script, err) < 0))
		return -1;
	if (script) {
		pg->db.began_us = pg->db.committed_us = 0;
		pg->own_settings = false;
		pg->row_wait.own = pg->row_wait.timed_out = false;
		if (pg_count_send_before(pg, script, err) < 0 ||
		    pg_held_start(pg, err) < 0)
			return -1;
	}
	if (pg_send_sql(pg, "BEGIN", err) < 0 ||
	    (script && pg_limits_send(pg, err) < 0))
		return -1;
	pg->transaction = script ? PG_SCRIPT : PG_BOOKKEEPING;
	return 0;
}

int pg_check_committed(struct pg *pg, const struct pg_outcome *outcome,
		       struct error *err)
{
	if (!strcmp(outcome->tag, "COMMIT"))
		return 0;
	return error_set(err, ERROR_SQL,
			 "'%s' rolled the transaction back instead of "
			 "committing it",
			 pg->db.label);
}

/* COMMIT, and what is counted after it, which nothing depends on. */
static int send_commit(struct pg *pg, struct error *err)
{
	const struct pg_statement commit = {
		.sql = "COMMIT",
		.keep = true,
		.outcome = &pg->committing.outcome,
	};

	pg->committing = (struct pg_committing){ .marked = false };
	if (pg->transaction == PG_SCRIPT && pg_close_script(pg, err) < 0)
		return -1;
	/* what waits to be sent goes now, and the answer tells what to count */
	if (pg_look_settle(pg, err) < 0)
		return -1;
	pg->db.ended = DB_COMMIT_SENT;
	pg_observe_ending(pg);
	if (pg_send(pg, &commit, err) < 0)
		return -1;
	if (pg->transaction == PG_BOOKKEEPING)
		return 0;
	pg_count_known_after(pg);
	pg->committing.marked = pg->along_count > 0;
	if (!pg->along_count)
		return pg_flush(pg, err);
	if (pg_mark(pg, err) < 0)
		return -1;
	return pg_count_send_after(pg, err);
}

int pg_session_send_commit(struct db *db, struct error *err)
{
	struct pg *pg = pg_of(db);

	return pg->composed ? pg_ahead_commit(pg, err) : send_commit(pg, err);
}

void pg_session_committed(struct pg *pg, int64_t when_us)
{
	pg->db.ended = DB_COMMITTED;
	pg->db.committed_us = when_us;
	pg_observe_end(pg, when_us);
	/* temporary tables outlive it: they are dropped by the next reset */
	if (pg->transaction != PG_BOOKKEEPING)
		pg->tainted = pg->temporary || pg->deep;
	pg->transaction = PG_IDLE;
	/* nobody has asked the server again */
	pg->inside = false;
	pg_held_release(pg);
	/* the next one's is on its way */
	if (pg->unit_count)
		pg->db.ended = DB_COMMIT_SENT;
}

int pg_session_commit(struct db *db, struct error *err)
{
	struct pg *pg = pg_of(db);
	const struct pg_outcome *outcome = &pg->committing.outcome;
	int result;

	if (db->ended != DB_COMMIT_SENT && send_commit(pg, err) < 0)
		return -1;
	result = pg->unit_count ? pg_await(pg, outcome, err) : pg_sync(pg, err);
	if (result < 0 && !outcome->done)
		return -1;
	if (pg_check_committed(pg, outcome, err) < 0)
		return -1;
	error_release(err);
	pg_session_committed(pg, outcome->arrived_us);
	return 0;
}

void pg_session_rollback(struct db *db)
{
	struct pg *pg = pg_of(db);
	struct error ignored = { 0 };
	bool ours = pg->transaction == PG_SCRIPT ||
		    pg->transaction == PG_CLOSING;

	/* what was interrupted is over; what undoes it shall not be */
	if (!pg->lost)
		pg->interrupted = false;
	if (pg->conn && !pg->lost && pg->step_tail)
		pg_sync(pg, &ignored);
	pg_ahead_forget(pg);
	if (pg->conn && !pg->lost && pg->inside) {
		if (pg_run_sql(pg, "ROLLBACK", &ignored) == 0)
			db->ended = DB_ROLLED_BACK;
	} else if (!pg->lost && db->ended == DB_COMMIT_SENT) {
		/* it was refused, and the transaction is over */
		db->ended = DB_ROLLED_BACK;
	}
	error_release(&ignored);
	pg_observe_end(pg, clock_mono_us());
	/* all that the script did to the session is undone with it */
	if (ours) {
		pg->temporary = false;
		pg->tainted = pg->deep;
	}
	pg->transaction = PG_IDLE;
	pg->along_count = 0;
	pg_held_release(pg);
	pg_held_forget(pg);
}
