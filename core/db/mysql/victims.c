#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/db/mysql/observe.h"

/*
 * Who waits for what we have locked, or have asked for ourselves: also those
 * that wait behind them. Where the server does not show what somebody waits
 * for, the tables that its statement names tell.
 */

#define MOST_TEXT 200
/* A statement waits for its tables as soon as it begins, or at any time later:
   when it began behind the look that did not see it waiting, it was at once. */
#define SLACK_US 2000

/* --- locks of tables, as performance_schema shows them -------------------- */

static bool is_ours(const struct my *my, const struct my_sighting *s,
		    const bool *ours, size_t i)
{
	return s->id == (int64_t)my->main.id || ours[i];
}

/* Whether `waiting` cannot go on before `other` lets go, or has been served. */
static bool waits_for(const struct my *my, const struct my_sighting *waiting,
		      const struct my_sighting *other)
{
	unsigned keeps_out = other->granted ? my_mode_conflicts(waiting->mode)
					    : my_mode_yields(waiting->mode);

	if (!other->relation || !waiting->relation ||
	    strcmp(other->relation, waiting->relation) != 0)
		return false;
	/* what it is by now is not shown */
	if (other->granted && !my->plugin && my_mode_may_change(other->mode))
		return true;
	return other->mode == MY_MODE_UNKNOWN ||
	       keeps_out & (1U << other->mode);
}

static bool is_kept_by_ours(const struct my *my, const struct my_look *look,
			    const bool *ours, size_t waiting)
{
	const struct my_sighting *w = &look->list[waiting];

	for (size_t i = 0; i < look->count; i++)
		if (i != waiting && look->list[i].id != w->id &&
		    is_ours(my, &look->list[i], ours, i) &&
		    waits_for(my, w, &look->list[i]))
			return true;
	return false;
}

/* Everyone who waits for one who waits for us. */
static void find_by_modes(const struct my *my, const struct my_look *look,
			  bool *ours)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < look->count; i++) {
			const struct my_sighting *s = &look->list[i];

			if (ours[i] || s->granted || !s->relation ||
			    s->id == (int64_t)my->main.id ||
			    !is_kept_by_ours(my, look, ours, i))
				continue;
			ours[i] = more = true;
		}
	}
}

/* --- locks of rows -------------------------------------------------------- */

static bool waits_for_us(const struct my_look *look, const bool *ours,
			 int64_t self, const struct my_sighting *s)
{
	if (s->blocker == self)
		return true;
	for (size_t i = 0; i < look->count; i++)
		if (ours[i] && look->list[i].id == s->blocker)
			return true;
	return false;
}

static void find_by_rows(const struct my *my, const struct my_look *look,
			 bool *ours)
{
	int64_t self = (int64_t)my->main.id;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < look->count; i++) {
			const struct my_sighting *s = &look->list[i];

			if (ours[i] || s->id == self ||
			    !waits_for_us(look, ours, self, s))
				continue;
			ours[i] = more = true;
		}
	}
}

/* --- by what their statements name ---------------------------------------- */

static bool is_word(const char *text, struct sql_token token, const char *name)
{
	char *word;
	bool same;

	if (token.kind != SQL_WORD && token.kind != SQL_QUOTED)
		return false;
	word = sql_unquote(NULL, text + token.offset, token.length);
	same = !strcasecmp(word, name);
	talloc_free(word);
	return same;
}

static bool has_word(const char *text, const char *name)
{
	size_t length = strlen(text), at = 0;
	struct sql_token token;

	while ((token = sql_next_code(text, length, at, SQL_MYSQL)).kind !=
	       SQL_END) {
		if (is_word(text, token, name))
			return true;
		at = token.offset + token.length;
	}
	return false;
}

static bool names(const struct my *my, const struct my_sighting *s,
		  const char *relation)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char *database, *table;
	bool found;

	my_split_name(turn, relation, &database, &table);
	if (!database)
		database = my->db.database;
	found = s->text && has_word(s->text, table) &&
		((s->database && !strcmp(s->database, database)) ||
		 has_word(s->text, database));
	talloc_free(turn);
	return found;
}

/* Tables that we have, or ask for. */
static const char *named_of_ours(const struct my *my,
				 const struct my_sighting *s)
{
	const struct facts *facts = my->observed;

	for (size_t i = 0; i < my->sight_count; i++)
		if (!my->sights[i].after_us &&
		    names(my, s, my->sights[i].relation))
			return my->sights[i].relation;
	for (size_t i = my->first_statement; i < facts->statement_count; i++) {
		const struct fact_statement *f = &facts->statements[i];

		if (my->locks != MY_LOCKS_NONE && f->index != my->statement)
			continue;
		for (size_t k = 0; k < f->relation_count; k++)
			if (names(my, s, f->relations[k]))
				return f->relations[k];
	}
	return NULL;
}

/* Of what came since, the last look cannot have known. */
static int64_t looked_before(const struct my *my, const struct my_look *look)
{
	return is_about_rows(look) ? my->rows_looked_us : my->tables_looked_us;
}

/* Whoever began to wait before us waits for somebody else. */
static bool was_there(const struct my *my, const struct my_sighting *s,
		      const struct my_look *look)
{
	return s->age_us >= 0 &&
	       look->answered_us - s->age_us + SLACK_US < my->begun_us;
}

static void find_by_text(const struct my *my, struct my_look *look, bool *ours)
{
	for (size_t i = 0; i < look->count; i++) {
		struct my_sighting *s = &look->list[i];

		if (s->id == (int64_t)my->main.id || !my_is_waiting(s->state) ||
		    was_there(my, s, look))
			continue;
		s->relation = talloc_strdup(look, named_of_ours(my, s));
		ours[i] = s->relation != NULL;
	}
}

/* --- and what the facts say of them --------------------------------------- */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The number of the statement, and whether it waits for rows. */
static int64_t key_of(const struct my_sighting *s, const struct my_look *look)
{
	return s->query * 2 + is_about_rows(look);
}

static struct fact_victim *find(struct facts *facts,
				const struct my_sighting *s,
				const struct my_look *look)
{
	int64_t key = key_of(s, look);

	for (size_t i = facts->victim_count; i-- > 0;) {
		struct fact_victim *v = &facts->victims[i];

		if (v->pid == s->id && v->key == key && !v->outcome)
			return v;
	}
	return NULL;
}

static char *shortened(TALLOC_CTX *mem, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	if (length > MOST_TEXT)
		for (length = MOST_TEXT; (text[length] & 0xc0) == 0x80;)
			length--;
	return text ? talloc_strndup(mem, text, length) : NULL;
}

static void introduce(struct my *my, struct fact_victim *v,
		      const struct my_sighting *s, const struct my_look *look)
{
	struct facts *facts = my->observed;

	v->key = key_of(s, look);
	v->outcome = NULL;
	v->user = talloc_strdup(facts, s->user);
	my->unnamed |= !v->application;
	v->query = shortened(facts, s->text);
	v->relation = talloc_strdup(facts, s->relation);
	v->mode = talloc_strdup(facts, s->mode_name);
	if (is_about_rows(look) || my->locks == MY_LOCKS_SCHEMA)
		return;
	facts_add_gap(facts, "in which mode others asked for tables: only "
			     "performance_schema.metadata_locks has that");
}

/* Nobody knows when it began to wait but it itself: when its statement began
   since the last look, that is it. */
static void begin(struct my *my, const struct my_sighting *s,
		  const struct my_look *look)
{
	int64_t before = looked_before(my, look);
	int64_t began = look->answered_us - s->age_us;
	struct fact_victim *v;
	bool exact = s->age_us >= 0 && began + SLACK_US >= before;

	if (!exact || began > look->answered_us)
		began = look->answered_us;
	v = facts_add_victim(my->observed, s->id, began);
	if (!v)
		return;
	introduce(my, v, s, look);
	v->seen_us = later(look->asked_us, began);
	/* how much longer it may have been, before it is closed */
	v->bound_ms = exact ? 0 : (double)(began - before) / 1000;
}

static double ms_between(int64_t from, int64_t to)
{
	return to > from ? (double)(to - from) / 1000 : 0;
}

static void close_victim(struct fact_victim *v, int64_t most_us,
			 const char *outcome)
{
	v->waited_ms = ms_between(v->since_us, v->seen_us);
	v->bound_ms += ms_between(v->seen_us, most_us);
	v->outcome = outcome;
}

/* Our statement is at its end: who was let go of then, was served. */
static bool is_over(const struct my *my, const struct my_look *look)
{
	const struct my_sighting *own = my_look_own(my, look);

	if (my->ending_us)
		return true;
	for (size_t i = 0; i < look->count; i++)
		if (look->list[i].id == (int64_t)my->main.id &&
		    look->list[i].mode_name)
			return false;
	if (is_about_rows(look))
		return false;
	return my->locks != MY_LOCKS_NONE ? my->sight_count > 0 : !own;
}

static bool waits_for_rows(const struct fact_victim *v)
{
	return v->key & 1;
}

static bool still_runs(const struct my_look *look, const struct fact_victim *v)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->list[i].id == v->pid && look->list[i].text &&
		    look->list[i].query == v->key / 2)
			return true;
	return false;
}

/* InnoDB tells seldom who waits for rows. As long as we have them, whoever
   waited for them goes on to, until its statement ends. */
static void follow_rows(struct my *my, const struct my_look *look)
{
	struct facts *facts = my->observed;

	for (size_t i = 0; i < facts->victim_count; i++) {
		struct fact_victim *v = &facts->victims[i];

		if (v->outcome || !waits_for_rows(v) || v->key < 2)
			continue;
		if (still_runs(look, v))
			v->seen_us = later(look->asked_us, v->seen_us);
		else
			close_victim(v, look->answered_us, "gone");
	}
}

static void close_unseen(struct my *my, const struct my_look *look)
{
	struct facts *facts = my->observed;

	for (size_t i = 0; i < facts->victim_count; i++) {
		struct fact_victim *v = &facts->victims[i];

		if (!v->outcome && waits_for_rows(v) == is_about_rows(look) &&
		    v->seen_us < look->asked_us)
			close_victim(v, look->answered_us, "gone");
	}
}

void my_victims_take(struct my *my, struct my_look *look)
{
	bool *ours = talloc_zero_array(look, bool, (unsigned)look->count + 1);

	if (is_about_rows(look))
		find_by_rows(my, look, ours);
	else if (my->locks == MY_LOCKS_SCHEMA)
		find_by_modes(my, look, ours);
	else
		find_by_text(my, look, ours);
	for (size_t i = 0; i < look->count; i++) {
		struct fact_victim *v;

		if (!ours[i])
			continue;
		v = find(my->observed, &look->list[i], look);
		if (v)
			v->seen_us = later(look->asked_us, v->seen_us);
		else if (!my->ending_us)
			begin(my, &look->list[i], look);
	}
	if (is_over(my, look))
		return;
	close_unseen(my, look);
	if (!is_about_rows(look))
		follow_rows(my, look);
}

char *my_victims_ids(TALLOC_CTX *mem, const struct my *my, bool rows)
{
	char *ids = talloc_strdup(mem, "0");

	for (size_t i = 0; i < my->observed->victim_count; i++) {
		const struct fact_victim *v = &my->observed->victims[i];

		if (!v->outcome && (rows ? waits_for_rows(v) : !v->application))
			ids = talloc_asprintf_append_buffer(ids, ", %" PRId64,
							    v->pid);
	}
	return ids;
}

void my_victims_name(struct my *my, int64_t id, const char *application)
{
	struct facts *facts = my->observed;

	for (size_t i = 0; i < facts->victim_count; i++)
		if (facts->victims[i].pid == id &&
		    !facts->victims[i].application)
			facts->victims[i].application =
				talloc_strdup(facts, application);
}

void my_victims_end(struct my *my, int64_t ended_us)
{
	struct facts *facts = my->observed;

	for (size_t i = 0; facts && i < facts->victim_count; i++)
		if (!facts->victims[i].outcome)
			close_victim(&facts->victims[i], ended_us, "served");
}
