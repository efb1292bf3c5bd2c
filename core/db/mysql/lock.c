#include "core/db/mysql/internal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/*
 * GET_LOCK() of two names for the database. One is held by the connection
 * beside the main one, which no script can make let go of it. The other one is
 * held by the main connection, and so by the server for as long as it carries
 * out what a run that was killed had sent: it ends DDL before it looks for the
 * client. They are taken in this order, as the main one is let go for a moment
 * whenever its session is reset. They are never waited for inside the server:
 * tries return at once, and between them the session is idle. A name has at
 * most 64 characters, so the database's is hashed.
 */

#define PREFIX "git_migrate."
#define MAIN_PREFIX "git_migrate.main."
#define NAME "concat($1, sha1($2))"
#define FIRST_PAUSE_MS 20
#define MOST_PAUSE_MS 500
#define LATELY_US 1000000

static int take_flag(const char *const *values, int count, void *data)
{
	(void)count;
	*(bool *)data = values[0] && *values[0] == '1';
	return 0;
}

struct lock_try {
	bool *taken, *read_only;
};

static int take_try(const char *const *values, int count, void *data)
{
	const struct lock_try *t = data;

	(void)count;
	*t->taken = values[0] && *values[0] == '1';
	*t->read_only = values[1] && strcmp(values[1], "0") != 0 &&
			strcmp(values[1], "OFF") != 0;
	return 0;
}

int my_try_lock(struct my_conn *c, const char *prefix, const char *database,
		bool *taken, struct error *err)
{
	const char *params[] = { prefix, database };
	struct lock_try t = { taken, &c->my->read_only };

	*taken = false;
	return my_query(c, "SELECT GET_LOCK(" NAME ", 0), @@global.read_only",
			params, 2, take_try, &t, err);
}

struct holding {
	TALLOC_CTX *mem;
	struct db_holder *holder;
};

static int take_holder(const char *const *values, int count, void *data)
{
	struct holding *h = data;

	(void)count;
	h->holder->text = talloc_asprintf(
		h->mem,
		"connection %s (user %s, from %s, connected or idle for %s s)",
		values[0], values[1] ? values[1] : "unknown",
		values[2] ? values[2] : "unknown", values[3] ? values[3] : "?");
	h->holder->remedy = talloc_asprintf(h->mem, "KILL %s", values[0]);
	return 0;
}

/* Of the lock of that name. */
static int find_holder(TALLOC_CTX *mem, struct my_conn *c, const char *prefix,
		       struct db_holder *holder, struct error *err)
{
	const char *params[] = { prefix, c->my->db.database };
	struct holding h = { mem, holder };

	return my_query(c,
			"SELECT l.id, p.user, p.host, p.time "
			"FROM (SELECT IS_USED_LOCK(" NAME ") AS id) AS l "
			"LEFT JOIN information_schema.PROCESSLIST AS p "
			"USING (id) WHERE l.id IS NOT NULL",
			params, 2, take_holder, &h, err);
}

/* What the main one does is what the server still does for a run that is
   gone. */
int my_lock_holder(TALLOC_CTX *mem, struct db *db, struct db_holder *holder,
		   struct error *err)
{
	struct my *my = my_of(db);

	if (my->locked)
		return 0;
	if (find_holder(mem, &my->main, MAIN_PREFIX, holder, err) < 0)
		return -1;
	return holder->text ? 0
			    : find_holder(mem, &my->main, PREFIX, holder, err);
}

static int busy(struct my *my, struct my_conn *c, const char *prefix,
		struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct db_holder holder = { 0 };
	struct error ignored = { 0 };

	if (find_holder(mem, c, prefix, &holder, &ignored) < 0)
		error_release(&ignored);
	error_set(err, ERROR_BUSY, "another run on '%s' is not done yet",
		  my->db.label);
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
static bool pause_ms(struct my *my, int ms)
{
	int64_t end = clock_mono_us() + (int64_t)ms * 1000;
	int64_t left = ms;

	while (left > 0) {
		poll(NULL, 0, left < 100 ? (int)left : 100);
		if (my_tick(my))
			return false;
		left = (end - clock_mono_us()) / 1000;
	}
	return true;
}

static int wait_for_lock(struct my *my, struct my_conn *c, const char *prefix,
			 int64_t end, struct error *err)
{
	int pause = FIRST_PAUSE_MS;

	for (;;) {
		bool taken;
		int64_t left;

		if (my_try_lock(c, prefix, my->db.database, &taken, err) < 0)
			return -1;
		if (taken)
			return 0;
		left = (end - clock_mono_us()) / 1000;
		if (left <= 0)
			return busy(my, c, prefix, err);
		if (!pause_ms(my, left < pause ? (int)left : pause))
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		pause = pause < MOST_PAUSE_MS / 2 ? 2 * pause : MOST_PAUSE_MS;
	}
}

/* What was lost already is let go all the same. */
static void release(struct my_conn *c, const char *prefix)
{
	const char *params[] = { prefix, c->my->db.database };
	struct error ignored = { 0 };

	if (my_query(c, "SELECT RELEASE_LOCK(" NAME ")", params, 2, NULL, NULL,
		     &ignored) < 0)
		error_release(&ignored);
}

/* Before anything is begun; some users may write all the same. */
static int refuse_read_only(struct my *my, struct my_conn *c, struct error *err)
{
	if (!my->read_only)
		return 0;
	if (my_run_sql(c, "START TRANSACTION READ WRITE", err) < 0)
		return -1;
	return my_run_sql(c, "ROLLBACK", err);
}

int my_lock(struct db *db, struct error *err)
{
	struct my *my = my_of(db);
	int64_t end = clock_mono_us() + (int64_t)db->options.wait_ms * 1000;
	struct my_conn *side;
	int result;

	if (my_side(my, &side, err) < 0)
		return -1;
	my->waiting_for = "another run";
	result = wait_for_lock(my, side, PREFIX, end, err);
	if (result == 0) {
		result = refuse_read_only(my, side, err);
		if (result == 0)
			result = wait_for_lock(my, &my->main, MAIN_PREFIX, end,
					       err);
		if (result < 0)
			release(side, PREFIX);
	}
	my->waiting_for = NULL;
	my->locked = result == 0;
	return result;
}

int my_unlock(struct db *db, struct error *err)
{
	struct my *my = my_of(db);
	const char *params[] = { PREFIX, db->database };
	bool held = false;

	if (!my->locked)
		return 0;
	my->locked = false;
	release(&my->main, MAIN_PREFIX);
	if (my_query(&my->side, "SELECT RELEASE_LOCK(" NAME ")", params, 2,
		     take_flag, &held, err) < 0)
		return -1;
	if (held)
		return 0;
	return error_set(err, ERROR_FAILED,
			 "the lock on '%s' was lost during the run: its "
			 "connection was closed",
			 db->label);
}

static int take_again(struct my *my, struct my_conn *c, const char *prefix,
		      struct error *err)
{
	bool taken;

	if (my_try_lock(c, prefix, my->db.database, &taken, err) < 0)
		return -1;
	if (taken)
		return 0;
	my->locked = false;
	return error_set(err, ERROR_BUSY,
			 "the connection that held the lock on '%s' was "
			 "closed, and another run has it now",
			 my->db.label);
}

/* A row when both are held. */
static const char is_held[] =
	"SELECT 1 FROM DUAL WHERE IS_USED_LOCK(concat($1, sha1($2))) = $3 AND "
	"IS_USED_LOCK(concat($4, sha1($2))) = CONNECTION_ID()";

struct held {
	char side[24];
	const char *params[4];
};

static void ask_held(const struct my *my, struct held *h)
{
	snprintf(h->side, sizeof(h->side), "%lu", my->side.id);
	h->params[0] = PREFIX;
	h->params[1] = my->db.database;
	h->params[2] = h->side;
	h->params[3] = MAIN_PREFIX;
}

static bool are_held(struct my *my)
{
	struct error ignored = { 0 };
	struct held h;
	bool held = false;

	ask_held(my, &h);
	if (my_query(&my->main, is_held, h.params, 4, take_flag, &held,
		     &ignored) < 0)
		error_release(&ignored);
	return held;
}

static int take_both_again(struct my *my, struct error *err)
{
	struct my_conn *side;

	/* that it is lost is often found out only when it is asked */
	if (!my->side.lost && my_run_sql(&my->side, "DO 0", err) < 0)
		error_release(err);
	if (my_side(my, &side, err) < 0 ||
	    take_again(my, side, PREFIX, err) < 0)
		return -1;
	return take_again(my, &my->main, MAIN_PREFIX, err);
}

int my_lock_check(struct my *my, struct error *err)
{
	if (!my->locked)
		return 0;
	if ((my->side.lost || !are_held(my)) && take_both_again(my, err) < 0)
		return -1;
	my->checked_us = clock_mono_us();
	return 0;
}

int my_lock_check_lately(struct my *my, struct error *err)
{
	if (my->checked_us && clock_mono_us() - my->checked_us < LATELY_US)
		return 0;
	return my_lock_check(my, err);
}

/* The session was reset, and the lock of the main connection with it. */
void my_lock_restore(struct my *my)
{
	struct error ignored = { 0 };
	bool taken;

	if (my->locked && my_try_lock(&my->main, MAIN_PREFIX, my->db.database,
				      &taken, &ignored) < 0)
		error_release(&ignored);
}

int my_still_locked(struct db *db, struct error *err)
{
	struct my *my = my_of(db);
	struct held h;

	if (my->transaction != MY_BOOKKEEPING)
		return my_lock_check(my, err);
	if (!my->locked)
		return 0;
	ask_held(my, &h);
	return my_packet_add(my, is_held, h.params, 4, MY_MUST_BE_HELD, err);
}
