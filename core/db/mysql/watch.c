#include "core/db/mysql/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/db/mysql/need.h"

/*
 * While DDL waits for a table, all wait behind it who come later. The other
 * connection sees it wait and ends it, which changes nothing as long as it has
 * done nothing: then it may wait for db.lock_timeout_ms.
 *
 * An ALTER that had its locks is left alone. But where it does not change the
 * catalog alone, it asks once more at its end, and with that wait all the work
 * is at stake: giving up at once might never come to an end on a busy table,
 * and waiting for long would stop the application. So it waits there for as
 * long as doing it all again would take, at least that time and at most
 * db.wait_limit_ms; that is never more than twice what was right in hindsight.
 */

#define SHORTEST_US 10000
#define LONGEST_US 200000

/* What takes all its locks first is best left to the server: ended by us in
   the wrong moment, a part of the tables might be gone. */
static bool locks_first(const struct statement *s)
{
	return !strcmp(s->kind, "DROP TABLE") && s->relation_count > 1;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	if (value > most)
		value = most;
	return value < least ? least : value;
}

static int64_t timeout_us(const struct my *my)
{
	return (int64_t)my->db.lock_timeout_ms * 1000;
}

void my_watch_begin(struct my *my, const struct script *script, size_t n)
{
	const struct statement *s = &script->statements[n];
	struct error ignored = { 0 };
	struct my_conn *side;
	bool rows = !s->need.queues && (s->need.first || s->need.others);

	my->watch = (struct my_watch){ .script = script, .n = n, .rows = rows };
	if ((!s->need.queues && !rows) ||
	    (!my->db.lock_timeout_ms && !my->db.wait_limit_ms) ||
	    my->told.own_lock || locks_first(s))
		return;
	if (my_side(my, &side, &ignored) < 0) {
		error_release(&ignored);
		return;
	}
	my->watch.on = true;
	my->watch.began_us = clock_mono_us();
	my->watch.next_us = my->watch.began_us +
			    (rows || !my->db.lock_timeout_ms
				     ? LONGEST_US
				     : clamp(timeout_us(my), 0, LONGEST_US));
}

void my_watch_end(struct my *my)
{
	my->watch.on = false;
	talloc_free(my->watch.turn);
	my->watch.turn = NULL;
	my->waiting_for = NULL;
}

/* --- while it runs -------------------------------------------------------- */

static int take_state(const char *const *values, int count, void *data)
{
	struct my_state *state = data;
	const char *text = values[0] ? values[0] : "";

	(void)count;
	state->waits = !strncmp(text, "Waiting for ", 12) &&
		       (strstr(text, " lock") || strstr(text, " flush"));
	snprintf(state->query, sizeof(state->query), "%s",
		 values[1] ? values[1] : "");
	return 0;
}

int my_read_state(struct my *my, struct my_state *state)
{
	struct error ignored = { 0 };
	char sql[128];
	int result;

	*state = (struct my_state){ .waits = false };
	snprintf(sql, sizeof(sql),
		 "SELECT STATE, %s FROM information_schema.PROCESSLIST "
		 "WHERE ID = %lu",
		 my_is_mariadb(my) ? "QUERY_ID" : "NULL", my->main.id);
	result = my_run(&my->side, sql, strlen(sql), take_state, state, NULL,
			&ignored);
	error_release(&ignored);
	return result;
}

/* This one statement, where the server knows it by a number. */
void my_end_statement(struct my *my, const struct my_state *state)
{
	struct error ignored = { 0 };
	char sql[64];

	if (*state->query)
		snprintf(sql, sizeof(sql), "KILL QUERY ID %s", state->query);
	else
		snprintf(sql, sizeof(sql), "KILL QUERY %lu", my->main.id);
	my->watch.ended = my_run_sql(&my->side, sql, &ignored) == 0;
	error_release(&ignored);
}

/* For the person, whom the end of a long statement keeps waiting. */
static void say_who(struct my *my)
{
	struct my_watch *watch = &my->watch;
	struct error ignored = { 0 };
	struct fact_blocker *list;
	size_t count = 0;

	talloc_free(watch->turn);
	watch->turn = talloc_new(my);
	my->waiting_for = "locks";
	if (my->locks != MY_LOCKS_NONE &&
	    my_blockers(watch->turn, &my->db, watch->script, watch->n, 1, &list,
			&count, &ignored) < 0)
		error_release(&ignored);
	if (!count)
		return;
	my->waiting_for = fact_blocker_text_on(watch->turn, list);
	if (!my->db.lock_timeout_ms)
		my_keep_blockers(my, list, count);
}

static int64_t patience_us(const struct my *my)
{
	const struct my_watch *watch = &my->watch;

	if (!watch->worked)
		return timeout_us(my);
	return clamp(watch->waiting_us - watch->began_us, timeout_us(my),
		     (int64_t)my->db.wait_limit_ms * 1000);
}

static void wait_on(struct my *my, const struct my_state *state, int64_t now)
{
	struct my_watch *watch = &my->watch;
	int64_t left;

	if (!my->db.lock_timeout_ms) { /* until they are had */
		say_who(my);
		watch->next_us = now + LONGEST_US;
		return;
	}
	if (!watch->waiting_us)
		watch->waiting_us = watch->worked ? now : watch->began_us;
	left = watch->waiting_us + patience_us(my) - now;
	if (left <= 0) {
		my_end_statement(my, state);
		return;
	}
	/* it may have worked before anybody looked */
	if (watch->worked || left > LONGEST_US)
		say_who(my);
	watch->next_us = now + clamp(left, 1000, LONGEST_US);
}

static const struct statement *watched(const struct my *my)
{
	return &my->watch.script->statements[my->watch.n];
}

/* What waits for rows may wait for the table that they are in. */
static const char *table_holders(struct my *my)
{
	struct my_watch *watch = &my->watch;
	const struct statement *s = watched(my);
	struct error ignored = { 0 };
	struct fact_blocker *list;
	struct my_state state;
	size_t count = 0;

	if (my_read_state(my, &state) < 0 || !state.waits)
		return NULL;
	talloc_free(watch->turn);
	watch->turn = talloc_new(my);
	if (my_holders(watch->turn, my, s->relations, s->relation_count, true,
		       &list, &count, &ignored) < 0)
		error_release(&ignored);
	if (!count)
		return "locks";
	my_keep_blockers(my, list, count);
	return fact_blocker_text_on(watch->turn, list);
}

void my_watch_look(struct my *my)
{
	struct my_watch *watch = &my->watch;
	int64_t now = clock_mono_us();
	struct my_state state;

	if (!watch->on || watch->ended || now < watch->next_us)
		return;
	if (watch->ours) {
		my_ours_look(my);
		return;
	}
	if (!my->side.lost && watch->rows && now < my_cache_expires(my)) {
		/* whoever waits here keeps the answer waiting */
		watch->next_us = my_cache_expires(my);
		return;
	}
	if (!my->side.lost && watch->rows) {
		my->waiting_for = my_row_blockers(my, watched(my));
		if (!my->waiting_for)
			my->waiting_for = table_holders(my);
		watch->next_us = now + LONGEST_US;
		return;
	}
	if (my->side.lost || my_read_state(my, &state) < 0) {
		watch->on = false;
		return;
	}
	if (state.waits) {
		wait_on(my, &state, now);
		return;
	}
	watch->worked = true;
	watch->waiting_us = 0;
	my->waiting_for = NULL;
	watch->next_us = now + clamp((now - watch->began_us) / 4, SHORTEST_US,
				     LONGEST_US);
}
