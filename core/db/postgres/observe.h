#ifndef CORE_DB_POSTGRES_OBSERVE_H
#define CORE_DB_POSTGRES_OBSERVE_H

#include "core/db/postgres/held.h"

/* Between observe.c, which asks who waits, and victims.c, which makes sense of
   the answer. */

struct pg_waiter;

/* An answer to waiting.sql. */
struct pg_waiters {
	struct pg_waiter *list;
	size_t count;
	/* by the server's clock, in microseconds: the look began, and ended */
	int64_t asked, now;
};

struct pg_waiters *pg_waiters_new(TALLOC_CTX *mem);
/* For each row. */
int pg_waiters_take(const char *const *values, int count, void *data);
/* The answer is complete: those that wait for us go to the facts; those that
   do not any more are done with. */
void pg_victims_take(struct pg *pg, struct pg_waiters *list,
		     int64_t arrived_us);
/* Those that waited for us when last seen: whether there are any, and as arrays
   of their process numbers and of what they waited for. */
bool pg_victims_any(const struct pg *pg);
void pg_victims_list(TALLOC_CTX *mem, const struct pg *pg, char **pids,
		     char **relations);
/* The transaction is over: so are all waits for it, between these two; the
   first is 0 where there was no commit. */
void pg_victims_end(struct pg *pg, int64_t ending_us, int64_t ended_us);

/* When it began, by the server's clock; and for which relation, or 0. */
int64_t pg_waiter_since(const struct pg_waiter *waiter);
unsigned pg_waiter_relation(const struct pg_waiter *waiter);

/* --- waits.c: the statement's own wait ------------------------------------ */

/* It is seen waiting at that time. */
void pg_waits_note(struct pg *pg, const struct pg_waiter *waiter,
		   int64_t seen_us);
/* An answer to what was asked then is complete: if it did wait before that and
   was not seen since, it waits no more. */
void pg_waits_note_none(struct pg *pg, int64_t asked_us, int64_t now);

#endif
