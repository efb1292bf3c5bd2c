#include "core/db/postgres/held.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/*
 * How long a statement waited for a lock. A server that may be asked to
 * (log_lock_waits, a right that can be granted) tells it to the session that
 * waited, in its language, once a wait has lasted deadlock_timeout: "process 7
 * acquired AccessExclusiveLock on relation 16384 of database 5 after 501.006
 * ms", and before that "still waiting for". The numbers come in this order in
 * all of them. https://www.postgresql.org/docs/15/runtime-config-logging.html
 */

struct pg_wait {
	unsigned relation; /* 0: for something else, a row for instance */
	double ms;
};

void pg_waits_beware(struct pg *pg, const struct script *script,
		     const struct statement *s)
{
	static const char *const kinds[] = { "SET", "RESET",   "SELECT",
					     "DO",  "DISCARD", "CALL" };
	static const char *const words[] = { "client_min_messages",
					     "log_lock_waits",
					     "deadlock_timeout", "RESET",
					     "DISCARD" };
	bool may = !s->analysed;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		may |= !strcmp(s->kind, kinds[i]);
	for (size_t i = 0; may && i < sizeof(words) / sizeof(*words); i++)
		if (statement_mentions(script, s, words[i]))
			pg->logs_waits = false;
}

/* At most `room` numbers; a fraction belongs to its number, after a point or a
   comma. */
static size_t numbers_in(const char *text, double *numbers, size_t room)
{
	size_t count = 0;

	while (*text) {
		char digits[40] = "";
		size_t n = 0;

		if (!isdigit((unsigned char)*text)) {
			text++;
			continue;
		}
		for (; (isdigit((unsigned char)*text) ||
			(strchr(".,", *text) && *text &&
			 isdigit((unsigned char)text[1]))) &&
		       n + 1 < sizeof(digits);
		     text++)
			digits[n++] = *text;
		if (count == room)
			return room + 1;
		for (size_t i = 0; i < n; i++)
			if (digits[i] == ',')
				digits[i] = '.';
		numbers[count++] = strtod(digits, NULL);
	}
	return count;
}

/* The same wait is told twice, or more often: it goes on. */
static void add_wait(struct pg_look *look, unsigned relation, double ms)
{
	struct pg_wait *last = look->wait_count
				       ? &look->waits[look->wait_count - 1]
				       : NULL;

	if (last && last->relation == relation && ms > last->ms) {
		last->ms = ms;
		return;
	}
	look->waits = talloc_realloc(look->pg, look->waits, struct pg_wait,
				     (unsigned)look->wait_count + 1);
	look->waits[look->wait_count++] = (struct pg_wait){ relation, ms };
}

/* process, relation, database, time; or in place of the relation's two what
   else it was, a transaction or a page, a row of a relation. */
#define NUMBERS_OF_A_RELATION 4

bool pg_wait_note(struct pg *pg, const PGresult *res)
{
	const char *severity =
		PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *from = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);
	double numbers[8];
	size_t count;

	if (!severity || strcmp(severity, "LOG") != 0)
		return false;
	if (!text || !from || strcmp(from, "ProcSleep") != 0 || !pg->look.pg)
		return true;
	count = numbers_in(text, numbers, sizeof(numbers) / sizeof(*numbers));
	if (count >= 2 && count <= sizeof(numbers) / sizeof(*numbers))
		add_wait(&pg->look,
			 count == NUMBERS_OF_A_RELATION ? (unsigned)numbers[1]
							: 0,
			 numbers[count - 1]);
	return true;
}

/* --- what follows from it ------------------------------------------------- */

static double total(const struct pg_look *look)
{
	double ms = 0;

	for (size_t i = 0; i < look->wait_count; i++)
		ms += look->waits[i].ms;
	return ms;
}

static double for_relation(const struct pg_look *look,
			   const struct fact_lock *lock)
{
	double ms = 0;

	for (size_t i = 0; i < look->wait_count; i++) {
		const struct pg_relation *r =
			pg_held_find(look->pg, look->waits[i].relation);

		if (r && !strcmp(r->name, lock->relation))
			ms += look->waits[i].ms;
	}
	return ms;
}

static double min_ms(double a, double b)
{
	return a < b ? a : b;
}

/*
 * A lock was taken at some time between the sending of the statement and its
 * end, and, when the statement waited for this very lock, not before that. It
 * is held from the earliest moment that is possible; how much of that is
 * uncertain is its bound.
 */
static void tell_lock(const struct pg_look *look, struct fact_lock *lock)
{
	double whole = (double)(look->outcome.arrived_us - lock->since_us) /
		       1000;
	double waited = min_ms(for_relation(look, lock), whole);

	lock->bound_ms = whole > waited ? whole - waited : 0;
	if (waited <= 0 && !look->pg->logs_waits)
		return;
	lock->waited_ms = waited;
	lock->since_us += (int64_t)(waited * 1000);
	lock->from_ms += waited;
}

void pg_waits_tell(struct pg_look *look)
{
	struct fact_statement *s = look->fact;
	double whole =
		(double)(look->outcome.arrived_us - look->outcome.started_us) /
		1000;

	if (!look->pg->logs_waits) {
		pg_observe_own_wait(look->pg, s, whole);
		return;
	}
	s->waited_ms = min_ms(total(look), whole);
	s->waited_bound_ms = min_ms(PG_SHORTEST_WAIT_MS, whole - s->waited_ms);
}

void pg_waits_tell_locks(struct pg_look *look)
{
	struct facts *facts = look->facts;

	for (size_t i = look->first_lock; i < facts->lock_count; i++) {
		tell_lock(look, &facts->locks[i]);
		pg_observe_lock(look->pg, &facts->locks[i]);
	}
}

void pg_waits_forget(struct pg_look *look)
{
	talloc_free(look->waits);
	look->waits = NULL;
	look->wait_count = 0;
}
