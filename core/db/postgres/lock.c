#include "core/db/postgres/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

/*
 * A lock of the session, pg_advisory_lock(PG_LOCK_LEDGER, hashtext(schema)):
 * two ledgers in two schemas of one database do not keep each other waiting.
 *
 * It is never waited for inside the server: a waiter's snapshot would make
 * CREATE INDEX CONCURRENTLY of the holder wait for the waiter. Tries end their
 * transactions, and between them the session is idle.
 */

#define FIRST_PAUSE_MS 20
#define MOST_PAUSE_MS 500

struct attempt {
	struct pg *pg;
	bool taken;
};

static int take_attempt(const char *const *values, int count, void *data)
{
	struct attempt *attempt = data;

	(void)count;
	attempt->taken = values[0] && *values[0] == 't';
	attempt->pg->lock_key = values[1] ? atoi(values[1]) : 0;
	return 0;
}

static int try_lock(struct pg *pg, bool *taken, struct error *err)
{
	char ours[16];
	struct attempt attempt = { .pg = pg };
	const char *params[] = { ours, pg->schema };
	const struct pg_statement statement = {
		.sql = "SELECT pg_catalog.pg_try_advisory_lock($1::integer, "
		       "key), key "
		       "FROM (SELECT pg_catalog.hashtext($2) AS key) AS k",
		.params = params,
		.param_count = 2,
		.keep = true,
		.row = take_attempt,
		.data = &attempt,
	};

	snprintf(ours, sizeof(ours), "%d", PG_LOCK_LEDGER);
	if (pg_run(pg, &statement, err) < 0)
		return -1;
	*taken = attempt.taken;
	return 0;
}

struct holding {
	TALLOC_CTX *mem;
	struct db_holder *holder;
};

static int take_holder(const char *const *values, int count, void *data)
{
	struct holding *h = data;

	(void)count;
	if (h->holder->text)
		return 0;
	h->holder->text = talloc_asprintf(
		h->mem, "process %s (user %s, %s, connected for %s s)",
		values[0], values[1] ? values[1] : "unknown",
		values[2] && *values[2] ? values[2] : "no name",
		values[3] ? values[3] : "?");
	h->holder->remedy = talloc_asprintf(
		h->mem, "SELECT pg_terminate_backend(%s)", values[0]);
	return 0;
}

int pg_lock_holder(TALLOC_CTX *mem, struct db *db, struct db_holder *holder,
		   struct error *err)
{
	struct pg *pg = pg_of(db);
	struct holding h = { mem, holder };
	char ours[16];
	const char *params[] = { ours, NULL };
	const struct pg_statement statement = {
		.sql = "SELECT l.pid, a.usename, a.application_name, "
		       "pg_catalog.round(extract(epoch FROM "
		       "pg_catalog.clock_timestamp() - a.backend_start)) "
		       "FROM pg_catalog.pg_locks l "
		       "LEFT JOIN pg_catalog.pg_stat_activity a USING (pid) "
		       "WHERE l.locktype = 'advisory' AND l.granted "
		       "AND l.database = (SELECT oid FROM "
		       "pg_catalog.pg_database "
		       "WHERE datname = pg_catalog.current_database()) "
		       "AND l.classid::bigint = $1::bigint "
		       "AND l.objid::bigint = "
		       "pg_catalog.hashtext($2)::bigint & 4294967295 "
		       "AND l.objsubid = 2 "
		       "AND l.pid <> pg_catalog.pg_backend_pid()",
		.params = params,
		.param_count = 2,
		.row = take_holder,
		.data = &h,
	};

	if (pg_find_schema(pg, err) < 0)
		return -1;
	params[1] = pg->schema;
	snprintf(ours, sizeof(ours), "%d", PG_LOCK_LEDGER);
	return pg_run(pg, &statement, err);
}

static int busy(struct pg *pg, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct db_holder holder = { 0 };
	struct error ignored = { 0 };

	if (pg_lock_holder(mem, &pg->db, &holder, &ignored) < 0)
		error_release(&ignored);
	error_set(err, ERROR_BUSY, "another run on '%s' is not done yet",
		  pg->db.label);
	if (holder.text)
		error_detail(err, "held by %s", holder.text);
	error_hint(err, "wait longer for it: --wait DURATION");
	if (holder.remedy)
		error_hint(err,
			   "or, when the run itself is gone, end what the "
			   "server still does for it: %s",
			   holder.remedy);
	talloc_free(mem);
	return -1;
}

/* False when the person asked to stop. */
static bool pause_ms(struct pg *pg, int ms)
{
	int64_t end = clock_mono_us() + (int64_t)ms * 1000;
	int64_t left = ms;

	while (left > 0) {
		poll(NULL, 0, left < 100 ? (int)left : 100);
		if (pg_tick(pg))
			return false;
		left = (end - clock_mono_us()) / 1000;
	}
	return true;
}

static int wait_for_lock(struct pg *pg, struct error *err)
{
	int64_t end = clock_mono_us() + (int64_t)pg->db.options.wait_ms * 1000;
	int pause = FIRST_PAUSE_MS;

	for (;;) {
		bool taken = false;
		int64_t left;

		if (try_lock(pg, &taken, err) < 0)
			return -1;
		if (taken)
			return 0;
		left = (end - clock_mono_us()) / 1000;
		if (left <= 0)
			return busy(pg, err);
		if (!pause_ms(pg, left < pause ? (int)left : pause))
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		pause = pause < MOST_PAUSE_MS / 2 ? 2 * pause : MOST_PAUSE_MS;
	}
}

/* Since 14 the server says so unasked; before, the first write fails. */
static int refuse_read_only(struct pg *pg, struct error *err)
{
	const char *standby = PQparameterStatus(pg->conn, "in_hot_standby");
	const char *reads = PQparameterStatus(pg->conn,
					      "default_transaction_read_only");

	if ((standby && !strcmp(standby, "on")) ||
	    (reads && !strcmp(reads, "on")))
		return pg_failure_read_only(pg, err);
	return 0;
}

int pg_lock(struct db *db, struct error *err)
{
	struct pg *pg = pg_of(db);
	int result;

	if (refuse_read_only(pg, err) < 0 || pg_find_schema(pg, err) < 0)
		return -1;
	pg->waiting_for = "another run";
	result = wait_for_lock(pg, err);
	pg->waiting_for = NULL;
	pg->locked = result == 0;
	return result;
}

static int take_flag(const char *const *values, int count, void *data)
{
	(void)count;
	*(bool *)data = values[0] && *values[0] == 't';
	return 0;
}

int pg_unlock(struct db *db, struct error *err)
{
	struct pg *pg = pg_of(db);
	bool held = false;
	char ours[16], key[16];
	const char *params[] = { ours, key };
	const struct pg_statement statement = {
		.sql = "SELECT pg_catalog.pg_advisory_unlock($1::integer, "
		       "$2::integer)",
		.params = params,
		.param_count = 2,
		.row = take_flag,
		.data = &held,
	};

	if (!pg->locked)
		return 0;
	pg->locked = false;
	snprintf(ours, sizeof(ours), "%d", PG_LOCK_LEDGER);
	snprintf(key, sizeof(key), "%d", pg->lock_key);
	if (pg_run(pg, &statement, err) < 0)
		return -1;
	if (held)
		return 0;
	return error_set(err, ERROR_FAILED,
			 "the lock on '%s' was lost during the run: a script "
			 "or a connection pooler released it",
			 pg->db.label);
}

int pg_lock_again(struct pg *pg, struct error *err)
{
	bool taken = false;

	if (try_lock(pg, &taken, err) < 0)
		return -1;
	if (taken)
		return 0;
	pg->locked = false;
	error_set(err, ERROR_BUSY,
		  "the script released the lock that keeps "
		  "other runs out, and another run has it now");
	return error_hint(err, "leave DISCARD ALL and pg_advisory_unlock_all() "
			       "out of the script");
}

int pg_lock_check(struct pg *pg, struct error *err)
{
	bool held = false;
	char ours[16], key[16];
	const char *params[] = { ours, key };
	const struct pg_statement statement = {
		.sql = "SELECT true FROM pg_catalog.pg_locks "
		       "WHERE pid = pg_catalog.pg_backend_pid() "
		       "AND locktype = 'advisory' "
		       "AND classid::bigint = $1::bigint "
		       "AND objid::bigint = $2::bigint & 4294967295 "
		       "AND objsubid = 2",
		.params = params,
		.param_count = 2,
		.row = take_flag,
		.data = &held,
	};

	if (!pg->locked)
		return 0;
	snprintf(ours, sizeof(ours), "%d", PG_LOCK_LEDGER);
	snprintf(key, sizeof(key), "%d", pg->lock_key);
	if (pg_run(pg, &statement, err) < 0)
		return -1;
	return held ? 0 : pg_lock_again(pg, err);
}
