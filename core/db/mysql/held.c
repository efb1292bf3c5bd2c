#include <string.h>

#include "core/base/text.h"
#include "core/db/mysql/observe.h"

/*
 * The metadata locks of the main connection, as looks have seen them. DDL
 * commits by itself, so that there is nothing left to see behind it: what is
 * seen while it runs is all there is. A lock was taken at some time between the
 * last look that did not see it and the first one that did.
 */

/* --- what the server shows ------------------------------------------------ */

static const char is_plugin_there[] =
	"SELECT 1 FROM information_schema.PLUGINS "
	"WHERE PLUGIN_NAME = 'METADATA_LOCK_INFO' "
	"AND PLUGIN_STATUS = 'ACTIVE'";

static const char is_schema_there[] =
	"SELECT 1 FROM performance_schema.setup_instruments "
	"WHERE NAME = 'wait/lock/metadata/sql/mdl' AND ENABLED = 'YES' "
	"AND @@performance_schema = 1";

static int take_yes(const char *const *values, int count, void *data)
{
	(void)values;
	(void)count;
	*(bool *)data = true;
	return 0;
}

/* What cannot be asked for lack of a right is not there. */
bool my_is_there(struct my_conn *side, const char *sql, bool *may)
{
	struct error ignored = { 0 };
	bool there = false;
	int result = my_run(side, sql, strlen(sql), take_yes, &there, NULL,
			    &ignored);

	if (may)
		*may = result == 0;
	error_release(&ignored);
	return there;
}

enum my_locks my_locks_way(struct my *my, struct my_conn *side)
{
	if (my->locks != MY_LOCKS_UNKNOWN)
		return my->locks;
	my->plugin = my_is_there(side, is_plugin_there, NULL);
	if (my_is_there(side, is_schema_there, NULL))
		my->locks = MY_LOCKS_SCHEMA;
	else if (my->plugin)
		my->locks = MY_LOCKS_PLUGIN;
	else
		my->locks = MY_LOCKS_NONE;
	return my->locks;
}

/* --- what was seen -------------------------------------------------------- */

static struct my_sight *open_sight(struct my *my, const struct my_sighting *of)
{
	for (size_t i = 0; i < my->sight_count; i++) {
		struct my_sight *s = &my->sights[i];

		if (!s->after_us && !strcmp(s->relation, of->relation) &&
		    !strcmp(s->mode_name, of->mode_name))
			return s;
	}
	return NULL;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void see(struct my *my, const struct my_sighting *of,
		const struct my_look *look)
{
	struct my_sight *s = open_sight(my, of);

	if (s) {
		s->last_us = later(s->last_us, look->asked_us);
		return;
	}
	my->sights = talloc_realloc(my, my->sights, struct my_sight,
				    (unsigned)my->sight_count + 1);
	s = &my->sights[my->sight_count++];
	*s = (struct my_sight){
		.relation = talloc_strdup(my->sights, of->relation),
		.mode = of->mode,
		.mode_name = talloc_strdup(my->sights, of->mode_name),
		.before_us = later(my->earliest_us, my->looked_us),
		.first_us = look->answered_us,
		.last_us = look->answered_us,
		.statement = my->statement,
	};
}

/* What this look has not seen is over. */
static void close_unseen(struct my *my, const struct my_look *look)
{
	for (size_t i = 0; i < my->sight_count; i++) {
		struct my_sight *s = &my->sights[i];

		if (!s->after_us && s->last_us < look->asked_us)
			s->after_us = look->answered_us;
	}
}

void my_held_take(struct my *my, const struct my_look *look)
{
	if (my->locks == MY_LOCKS_NONE)
		return;
	for (size_t i = 0; i < look->count; i++) {
		const struct my_sighting *s = &look->list[i];

		if (s->id == (int64_t)my->main.id && s->granted && s->relation)
			see(my, s, look);
	}
	close_unseen(my, look);
}

/* --- and what the facts say of it ----------------------------------------- */

static int64_t end_of(const struct my_sight *s, int64_t ended_us)
{
	return s->after_us && s->after_us < ended_us ? s->after_us : ended_us;
}

/* One that keeps out all the others that this one does, as long as it is
   there, says it all. */
static bool is_covered(const struct my *my, const struct my_sight *s,
		       int64_t ended_us)
{
	for (size_t i = 0; i < my->sight_count; i++) {
		const struct my_sight *other = &my->sights[i];

		if (other != s && !strcmp(other->relation, s->relation) &&
		    other->mode > s->mode && s->mode != MY_MODE_UNKNOWN &&
		    other->first_us <= s->first_us &&
		    end_of(other, ended_us) >= end_of(s, ended_us) &&
		    !(my_mode_conflicts(s->mode) &
		      ~my_mode_conflicts(other->mode)))
			return true;
	}
	return false;
}

static struct fact_lock *told(struct facts *facts, const struct my_sight *s)
{
	for (size_t i = facts->lock_count; i-- > 0;) {
		struct fact_lock *l = &facts->locks[i];

		if (l->since_us == s->told_us &&
		    !strcmp(l->relation, s->relation) &&
		    !strcmp(l->mode, s->mode_name))
			return l;
	}
	return NULL;
}

static double ms_between(int64_t from, int64_t to)
{
	return to > from ? (double)(to - from) / 1000 : 0;
}

static const char no_modes[] =
	"how a lock was made stronger meanwhile: performance_schema keeps the "
	"mode that was asked for first (INSTALL SONAME 'metadata_lock_info' "
	"shows it)";

static struct fact_lock *tell(struct my *my, struct my_sight *s)
{
	struct fact_lock *l;

	if (s->told_us)
		return told(my->observed, s);
	s->told_us = s->before_us;
	l = facts_add_lock(my->observed, s->relation, s->mode_name,
			   s->before_us);
	if (!l)
		return NULL;
	l->statement = s->statement;
	if (!my->plugin && my_mode_may_change(s->mode))
		facts_add_gap(my->observed, no_modes);
	return l;
}

void my_held_tell(struct my *my, bool outside, int64_t ended_us)
{
	for (size_t i = 0; i < my->sight_count; i++) {
		struct my_sight *s = &my->sights[i];
		struct fact_lock *l;

		if (!s->told_us && is_covered(my, s, ended_us))
			continue;
		l = tell(my, s);
		if (!l)
			continue;
		l->bound_ms = ms_between(s->before_us, s->first_us);
		/* it goes on, whatever was thought of it before */
		l->held_ms = -1;
		if (!outside && !s->after_us)
			continue;
		if (s->after_us)
			l->bound_ms += ms_between(s->last_us,
						  end_of(s, ended_us));
		facts_release_lock(my->observed, l, end_of(s, ended_us));
		if (l->bound_ms > l->held_ms)
			l->bound_ms = l->held_ms;
	}
}

/* Those that are over are done with. */
void my_held_sweep(struct my *my)
{
	size_t kept = 0;

	for (size_t i = 0; i < my->sight_count; i++)
		if (!my->sights[i].after_us)
			my->sights[kept++] = my->sights[i];
	my->sight_count = kept;
}

void my_held_forget(struct my *my)
{
	talloc_free(my->sights);
	my->sights = NULL;
	my->sight_count = 0;
}
