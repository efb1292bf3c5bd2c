#include "core/db/mysql/internal.h"

#include <string.h>

#include "core/base/text.h"

/*
 * Bookkeeping belongs to the main connection while one of its transactions is
 * open, ours or a script's own, so that both last or neither. Beside that, a
 * script's settings (another character set, LOCK TABLES) must not reach it.
 */
int my_beside_script(struct my *my, struct my_conn **conn, struct error *err)
{
	*conn = &my->main;
	if (my->transaction != MY_IDLE)
		return my_packet_send(my, err);
	if (!my->tables_locked &&
	    (!my->tainted || my_in_transaction(&my->main)))
		return 0;
	return my_side(my, conn, err);
}

/* The statements of the script are over, its transaction is not: what it has
   set must not change how the names that are recorded are read. */
static int close_script(struct my *my, struct error *err)
{
	if (my->transaction != MY_SCRIPT || !my->tainted || my->closed)
		return 0;
	my->closed = true;
	return my_run_sql(&my->main, "SET NAMES utf8mb4", err);
}

static int query(struct my *my, const char *sql, const char *const *params,
		 int param_count, db_row_fn row, void *data,
		 struct my_conn **conn, struct error *err)
{
	char *qualified;
	bool alone;
	int result;

	if (my_beside_script(my, conn, err) < 0 || close_script(my, err) < 0)
		return -1;
	alone = my->transaction == MY_IDLE && !my_in_transaction(*conn);
	if (!alone)
		my_ours_watch(my, sql);
	else if (my_ours_begin(my, *conn, sql, err) < 0)
		return -1;
	qualified = my_qualify(NULL, my->db.database, sql);
	result = my_query(*conn, qualified, params, param_count, row, data,
			  err);
	talloc_free(qualified);
	if (alone)
		return my_ours_end(my, *conn, sql, result, err);
	my_watch_end(my);
	return result;
}

int my_session_query(struct db *db, const char *sql, const char *const *params,
		     int param_count, db_row_fn row, void *data,
		     struct error *err)
{
	struct my_conn *conn;

	return query(my_of(db), sql, params, param_count, row, data, &conn,
		     err);
}

int my_session_change(struct db *db, const char *sql, const char *const *params,
		      int param_count, int64_t *rows, struct error *err)
{
	struct my_conn *conn;

	if (query(my_of(db), sql, params, param_count, NULL, NULL, &conn, err) <
	    0)
		return -1;
	*rows = conn->changed;
	return 0;
}

int my_session_queue(struct db *db, const char *sql, const char *const *params,
		     int param_count, struct error *err)
{
	struct my *my = my_of(db);

	if (my->transaction == MY_BOOKKEEPING)
		return my_packet_add(my, sql, params, param_count, MY_MUST_RUN,
				     err);
	return my_session_query(db, sql, params, param_count, NULL, NULL, err);
}

int my_session_queue_one(struct db *db, const char *sql,
			 const char *const *params, int param_count,
			 struct error *err)
{
	struct my *my = my_of(db);
	int64_t rows;

	if (my->transaction == MY_BOOKKEEPING)
		return my_packet_add(my, sql, params, param_count,
				     MY_MUST_CHANGE_ONE, err);
	if (my_session_change(db, sql, params, param_count, &rows, err) < 0)
		return -1;
	return rows == 1 ? 0 : db_changed_by_others(db, err);
}

int my_reset(struct my *my, struct error *err)
{
	if (!my->tainted)
		return 0;
	if (my_conn_reset(&my->main, err) < 0)
		return -1;
	my->tainted = my->tables_locked = false;
	my_lock_restore(my);
	return 0;
}

static int left_open(struct my *my, struct error *err)
{
	error_set(err, ERROR_SQL,
		  "the script ends inside a transaction that it began");
	error_hint(err, "end it with COMMIT; what it did since its BEGIN is "
			"rolled back");
	if (my->script)
		error_at(err, my->script->path, 0, 0);
	return -1;
}

int my_session_begin(struct db *db, const struct script *script,
		     struct error *err)
{
	static const char start[] = "START TRANSACTION";
	struct my *my = my_of(db);

	if (my->transaction == MY_IDLE && my_in_transaction(&my->main))
		return left_open(my, err);
	/* what a script has done is recorded also without the lock */
	if (my_reset(my, err) < 0 || (script && my_lock_check(my, err) < 0))
		return -1;
	if (script ? my_run_sql(&my->main, start, err) < 0
		   : my_packet_add(my, start, NULL, 0, MY_MUST_RUN, err) < 0)
		return -1;
	my_observe_end(my, clock_mono_us());
	if (script)
		db->began_us = db->committed_us = 0;
	db->ended = DB_OPEN;
	my->closed = false;
	my->transaction = script ? MY_SCRIPT : MY_BOOKKEEPING;
	return 0;
}

int my_session_commit(struct db *db, struct error *err)
{
	struct my *my = my_of(db);

	if (my_packet_send(my, err) < 0)
		return -1;
	db->ended = DB_COMMIT_SENT;
	my->ending_us = clock_mono_us();
	if (my_run_sql(&my->main, "COMMIT", err) < 0)
		return -1;
	db->ended = DB_COMMITTED;
	db->committed_us = clock_mono_us();
	my_observe_end(my, db->committed_us);
	my->transaction = MY_IDLE;
	return 0;
}

void my_session_rollback(struct db *db)
{
	struct my *my = my_of(db);
	struct error ignored = { 0 };

	/* what was interrupted is over; what undoes it shall not be */
	my->interrupted = false;
	my->cancelled_us = 0;
	if (my->queued_count && !my_in_transaction(&my->main))
		db->ended = DB_ROLLED_BACK;
	my_packet_drop(my);
	if (!my->main.lost && my_in_transaction(&my->main)) {
		if (my_run_sql(&my->main, "ROLLBACK", &ignored) == 0)
			db->ended = DB_ROLLED_BACK;
		else
			error_release(&ignored);
	}
	if (!my->main.lost && my->tables_locked && my_reset(my, &ignored) < 0)
		error_release(&ignored);
	my_observe_end(my, clock_mono_us());
	my->transaction = MY_IDLE;
}
