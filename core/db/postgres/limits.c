#include "core/db/postgres/internal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/*
 * In a transaction of ours the time-outs are set for it alone, in the message
 * that begins it; outside of one they are the session's, until the next reset.
 * What the script sets itself comes later and wins.
 */

static int send_setting(struct pg *pg, const char *local, const char *name,
			int ms, struct error *err)
{
	char text[64];

	snprintf(text, sizeof(text), "SET %s%s = %d", local, name, ms);
	return pg_send_sql(pg, text, err);
}

#define GRACE_MS 1000

/* Nobody queues behind what is waited for: row_waits.c ends the waiting, who
   sees first whom it is for. */
static int lock_ms_of(const struct db *db)
{
	int ms = db->lock_timeout_ms;

	return ms && db->lock_weak && ms < INT_MAX - GRACE_MS ? ms + GRACE_MS
							      : ms;
}

int pg_limits_send(struct pg *pg, struct error *err)
{
	const struct db *db = &pg->db;
	int lock_ms = lock_ms_of(db);

	if (lock_ms &&
	    send_setting(pg, "LOCAL ", "lock_timeout", lock_ms, err) < 0)
		return -1;
	pg->own_settings |= db->statement_timeout_ms > 0;
	if (db->statement_timeout_ms &&
	    send_setting(pg, "LOCAL ", "statement_timeout",
			 db->statement_timeout_ms, err) < 0)
		return -1;
	return 0;
}

bool pg_limits_are_set(const struct script *script, const struct statement *s)
{
	return (!strcmp(s->kind, "SET") || !strcmp(s->kind, "SELECT")) &&
	       statement_mentions(script, s, "lock_timeout");
}

static void note_own(struct pg *pg, const struct script *script,
		     const struct statement *s)
{
	if (pg_limits_are_set(script, s))
		pg->own_lock_timeout = true;
}

/* A time-out that the script has set in its session stays. */
int pg_limits_send_step(struct pg *pg, const struct script *script,
			const struct statement *s, struct error *err)
{
	note_own(pg, script, s);
	return pg->own_lock_timeout ? 0 : pg_limits_send(pg, err);
}

/* One that is not to be in a transaction is not to be with another one. */
static int send_apart(struct pg *pg, const char *name, int ms,
		      struct error *err)
{
	return send_setting(pg, "", name, ms, err) < 0 ? -1 : pg_mark(pg, err);
}

int pg_limits_send_outside(struct pg *pg, const struct script *script,
			   const struct statement *s, struct error *err)
{
	/* a time-out would leave half of it done */
	int lock_ms = s->no_transaction ? 0 : lock_ms_of(&pg->db);
	int statement_ms = pg->db.statement_timeout_ms;

	if (pg->transaction != PG_IDLE || pg->inside)
		return 0;
	note_own(pg, script, s);
	if (!pg->own_lock_timeout && pg->lock_timeout_ms != lock_ms &&
	    (lock_ms || pg->db.wait_limit_ms)) {
		pg->lock_timeout_ms = lock_ms;
		if (send_apart(pg, "lock_timeout", lock_ms, err) < 0)
			return -1;
	}
	if (pg->statement_timeout_ms == statement_ms || !statement_ms)
		return 0;
	pg->statement_timeout_ms = statement_ms;
	return send_apart(pg, "statement_timeout", statement_ms, err);
}

void pg_limits_forget(struct pg *pg)
{
	pg->lock_timeout_ms = -1;
	pg->statement_timeout_ms = -1;
	pg->own_lock_timeout = false;
}
