#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/db/mysql/observe.h"

/*
 * How long a statement waited for its locks, and what else it did. Of one that
 * changes a definition the server itself times all parts, to the microsecond
 * (SET profiling); of others it is known from when to when looks have seen
 * them wait.
 */

/* A part that the server has timed; of its name only 30 characters. */
struct my_part {
	char *name;
	int64_t from_us, us;
};

/* A time in which looks have seen us wait. */
struct my_wait {
	char *relation; /* or NULL */
	bool rows, over;
	int64_t before_us, first_us, last_us, after_us;
};

/* --- timed by the server -------------------------------------------------- */

#define PARTS                                                                  \
	"SELECT STATE, DURATION FROM information_schema.PROFILING "            \
	"ORDER BY QUERY_ID, SEQ"
#define ON "SET profiling = 1, profiling_history_size = 1"
#define OFF "SET profiling = 0, profiling_history_size = DEFAULT"

static bool is_timed(const struct statement *s)
{
	static const char *const kinds[] = {
		"ALTER TABLE", "CREATE INDEX", "DROP INDEX",	 "DROP TABLE",
		"OPTIMIZE",    "RENAME TABLE", "TRUNCATE TABLE",
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(s->kind, kinds[i]))
			return true;
	return false;
}

void my_waits_begin(struct my *my)
{
	talloc_free(my->parts);
	talloc_free(my->waits);
	my->parts = NULL;
	my->waits = NULL;
	my->part_count = my->wait_count = 0;
}

/* A script that profiles by itself is left alone. */
void my_waits_time(struct my *my, const struct script *script,
		   const struct statement *s)
{
	struct error ignored = { 0 };

	if (my->db.options.unobserved || my->no_timing || !is_timed(s) ||
	    strcasestr(script->text, "profil"))
		return;
	my->timing = my_run_sql(&my->main, ON, &ignored) == 0;
	my->no_timing = !my->timing;
	error_release(&ignored);
}

static int take_part(const char *const *values, int count, void *data)
{
	struct my *my = data;
	struct my_part *p;
	int64_t from = my->statement_us;

	if (count != 2 || !values[0] || !values[1])
		return 0;
	if (my->part_count) {
		p = &my->parts[my->part_count - 1];
		from = p->from_us + p->us;
	}
	my->parts = talloc_realloc(my, my->parts, struct my_part,
				   (unsigned)my->part_count + 1);
	p = &my->parts[my->part_count++];
	p->name = talloc_strdup(my->parts, values[0]);
	p->from_us = from;
	p->us = (int64_t)(strtod(values[1], NULL) * 1e6);
	return 0;
}

void my_waits_stop(struct my *my)
{
	struct error ignored = { 0 };

	if (my->timing && my_run_sql(&my->main, OFF, &ignored) < 0)
		my->timing = false;
	error_release(&ignored);
}

void my_waits_read(struct my *my)
{
	struct error ignored = { 0 };

	if (!my->timing)
		return;
	my->timing = false;
	my_run(&my->main, PARTS, strlen(PARTS), take_part, my, NULL, &ignored);
	error_release(&ignored);
}

static bool is_wait(const struct my_part *p)
{
	return !strncmp(p->name, "Waiting for ", 12);
}

static bool has_parts(const struct my *my)
{
	return my->part_count > 0;
}

bool my_waits_saw(const struct my *my, const char *part)
{
	for (size_t i = 0; i < my->part_count; i++)
		if (!strncmp(my->parts[i].name, part, strlen(part)))
			return true;
	return false;
}

/* --- seen by looks -------------------------------------------------------- */

static struct my_wait *open_wait(struct my *my, bool rows)
{
	for (size_t i = 0; i < my->wait_count; i++)
		if (!my->waits[i].over && my->waits[i].rows == rows)
			return &my->waits[i];
	return NULL;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* What ours waits for, or NULL. */
static const struct my_sighting *own_wait(const struct my *my,
					  const struct my_look *look)
{
	const struct my_sighting *found = NULL;

	for (size_t i = 0; i < look->count; i++) {
		const struct my_sighting *s = &look->list[i];

		if (s->id != (int64_t)my->main.id)
			continue;
		if (is_about_rows(look) || (s->mode_name && !s->granted))
			return s;
		if (!s->mode_name && my_is_waiting(s->state))
			found = s;
	}
	return found;
}

void my_waits_take(struct my *my, const struct my_look *look)
{
	const struct my_sighting *s = own_wait(my, look);
	struct my_wait *w = open_wait(my, is_about_rows(look));

	if (!my->running || look->asked_us < my->statement_us)
		return;
	if (!s && w) {
		w->over = true;
		w->after_us = look->answered_us;
	}
	if (!s)
		return;
	if (w) {
		w->last_us = look->asked_us;
		return;
	}
	my->waits = talloc_realloc(my, my->waits, struct my_wait,
				   (unsigned)my->wait_count + 1);
	w = &my->waits[my->wait_count++];
	*w = (struct my_wait){
		.relation = talloc_strdup(my->waits, s->relation),
		.rows = is_about_rows(look),
		.before_us = later(my->statement_us,
				   is_about_rows(look) ? my->rows_looked_us
						       : my->tables_looked_us),
		.first_us = look->answered_us,
		.last_us = look->answered_us,
	};
}

/* --- and what the facts say of it ----------------------------------------- */

static double ms_between(int64_t from, int64_t to)
{
	return to > from ? (double)(to - from) / 1000 : 0;
}

/* The lock that was granted at that time, if it was of that relation. */
static void tell_lock(struct my *my, const char *relation, int64_t granted_us,
		      double ms)
{
	struct facts *facts = my->observed;

	for (size_t i = 0; i < facts->lock_count; i++) {
		struct fact_lock *l = &facts->locks[i];

		if (l->statement != my->statement ||
		    strcmp(l->relation, relation) != 0 || (l->waited_ms > 0) ||
		    l->since_us + (int64_t)(l->bound_ms * 1000) < granted_us)
			continue;
		l->waited_ms = ms;
		return;
	}
}

/* What is timed exactly has been waited for not at all where it says so. */
static void tell_none(struct my *my)
{
	struct facts *facts = my->observed;

	for (size_t i = 0; i < facts->lock_count; i++)
		if (facts->locks[i].statement == my->statement &&
		    facts->locks[i].waited_ms < 0)
			facts->locks[i].waited_ms = 0;
}

static void tell_timed(struct my *my, struct fact_statement *fact)
{
	for (size_t i = 0; i < my->part_count; i++) {
		const struct my_part *p = &my->parts[i];
		double ms = (double)p->us / 1000;

		if (!is_wait(p))
			continue;
		fact->waited_ms += ms;
		if (fact->relation_count == 1)
			tell_lock(my, fact->relations[0], p->from_us + p->us,
				  ms);
	}
	if (fact->relation_count == 1 || fact->waited_ms <= 0)
		tell_none(my);
}

static void tell_seen(struct my *my, struct fact_statement *fact,
		      int64_t ended_us)
{
	for (size_t i = 0; i < my->wait_count; i++) {
		struct my_wait *w = &my->waits[i];
		int64_t after = w->over ? w->after_us : ended_us;
		double least = ms_between(w->first_us, w->last_us);
		double most = ms_between(w->before_us, after);

		fact->waited_ms += least;
		fact->waited_bound_ms += most - least;
		if (!w->rows && w->relation)
			tell_lock(my, w->relation, w->last_us, least);
	}
}

/* Parts of a statement that lasted; shorter ones are nobody's business. */
#define LASTED_US 10000
#define WORTH_TELLING 100 /* of its time */

static void add_phase(struct my *my, struct fact_statement *fact,
		      const struct my_part *p)
{
	struct fact_phase *last = fact->phase_count
					  ? &fact->phases[fact->phase_count - 1]
					  : NULL;

	if (last && !strcmp(last->name, p->name)) {
		last->ms += (double)p->us / 1000;
		return;
	}
	fact->phases = talloc_realloc(my->observed, fact->phases,
				      struct fact_phase,
				      (unsigned)fact->phase_count + 1);
	fact->phases[fact->phase_count++] = (struct fact_phase){
		.name = talloc_strdup(my->observed, p->name),
		.ms = (double)p->us / 1000,
	};
}

static void tell_phases(struct my *my, struct fact_statement *fact)
{
	int64_t total = 0;

	for (size_t i = 0; i < my->part_count; i++)
		total += my->parts[i].us;
	if (total < LASTED_US)
		return;
	for (size_t i = 0; i < my->part_count; i++)
		if (!is_wait(&my->parts[i]) &&
		    my->parts[i].us * WORTH_TELLING >= total)
			add_phase(my, fact, &my->parts[i]);
}

void my_waits_tell(struct my *my, struct fact_statement *fact, int64_t ended_us)
{
	double whole = ms_between(my->statement_us, ended_us);

	if (has_parts(my))
		tell_timed(my, fact);
	else
		tell_seen(my, fact, ended_us);
	tell_phases(my, fact);
	if (fact->waited_ms > whole)
		fact->waited_ms = whole;
	if (fact->waited_ms + fact->waited_bound_ms > whole)
		fact->waited_bound_ms = whole - fact->waited_ms;
}
