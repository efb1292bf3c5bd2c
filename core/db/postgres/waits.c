#include "core/db/postgres/observe.h"

#include <string.h>

/*
 * How long a statement waited for a lock itself: since when, the server says by
 * its own clock; until when, is known to lie between two answers that the
 * second connection got. A statement that it has not seen waiting can have
 * waited for all of its time, and its locks can be as young as its end.
 */

static double ms_between(int64_t from, int64_t to)
{
	return to > from ? (double)(to - from) / 1000 : 0;
}

void pg_waits_begin(struct pg *pg)
{
	pg->own_wait = (struct pg_own_wait){ 0 };
}

void pg_waits_note(struct pg *pg, const struct pg_waiter *waiter,
		   int64_t seen_us)
{
	struct pg_own_wait *own = &pg->own_wait;

	own->relation = pg_waiter_relation(waiter);
	own->since_us = pg_waiter_since(waiter) + pg->clock_offset_us;
	own->seen_us = seen_us;
	own->over_us = 0;
}

void pg_waits_note_none(struct pg *pg, int64_t asked_us, int64_t now)
{
	struct pg_own_wait *own = &pg->own_wait;

	if (own->seen_us && own->seen_us < asked_us && !own->over_us)
		own->over_us = now;
}

void pg_waits_tell(struct pg_look *look)
{
	const struct pg_own_wait *own = &look->pg->own_wait;
	struct fact_statement *s = look->fact;
	double whole_ms = ms_between(look->outcome.started_us,
				     look->outcome.arrived_us);

	s->waited_ms = 0;
	s->waited_bound_ms = whole_ms;
	if (!own->seen_us)
		return;
	s->waited_ms = ms_between(own->since_us, own->seen_us);
	if (s->waited_ms > whole_ms)
		s->waited_ms = whole_ms;
	s->waited_bound_ms = own->over_us
				     ? ms_between(own->seen_us, own->over_us)
				     : whole_ms - s->waited_ms;
}

/* While it was waited for it was not held. */
static void take_wait(struct pg *pg, struct fact_lock *lock)
{
	const struct pg_own_wait *own = &pg->own_wait;
	const struct pg_relation *relation = pg_held_find(pg, own->relation);
	double late = ms_between(lock->since_us, own->seen_us);

	if (!relation || late <= 0 || strcmp(relation->name, lock->relation))
		return;
	lock->since_us = own->seen_us;
	lock->from_ms += late;
	lock->bound_ms -= late < lock->bound_ms ? late : lock->bound_ms;
	lock->waited_ms = ms_between(own->since_us, own->seen_us);
}

/*
 * A lock was taken at some time between the sending of the statement and its
 * end, and, when the statement waited for this very lock, not before that. It
 * is held from the earliest moment that is possible; how much of that is
 * uncertain is its bound.
 */
void pg_waits_tell_locks(struct pg_look *look)
{
	struct facts *facts = look->facts;

	for (size_t i = look->first_lock; i < facts->lock_count; i++) {
		struct fact_lock *lock = &facts->locks[i];

		lock->bound_ms = ms_between(lock->since_us,
					    look->outcome.arrived_us);
		take_wait(look->pg, lock);
		pg_observe_lock(look->pg, lock);
	}
}
