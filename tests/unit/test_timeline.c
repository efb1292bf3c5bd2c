/* Where locks, waits and statements stand on a timeline, and how it looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/report/phrases.h"
#include "core/report/timeline.h"

static struct fact_lock *lock(struct facts *f, const char *relation,
			      const char *mode, double from_ms, double held_ms)
{
	struct fact_lock *l = facts_add_lock(f, relation, mode, 0);

	l->from_ms = from_ms;
	l->held_ms = held_ms;
	return l;
}

static struct fact_victim *victim(struct facts *f, int64_t pid, double from_ms,
				  double waited_ms)
{
	struct fact_victim *v = facts_add_victim(f, pid, pid * 1000000);

	v->from_ms = from_ms;
	v->waited_ms = waited_ms;
	return v;
}

static void statement(struct facts *f, double from_ms, double duration_ms)
{
	struct fact_statement *s = facts_add_statement(f);

	s->kind = "ALTER TABLE";
	s->from_ms = from_ms;
	s->duration_ms = duration_ms;
}

static struct facts *some_facts(TALLOC_CTX *mem)
{
	struct facts *f = facts_new(mem, 1, "x", DIRECTION_UP);
	struct fact_lock *l = lock(f, "users", "AccessExclusiveLock", 50, 300);
	struct fact_victim *v = victim(f, 4711, 60, 200);

	l->bound_ms = 20;
	l->waited_ms = 50;
	l = lock(f, "orders", "ShareRowExclusiveLock", 250, 100);
	l->bound_ms = 0.1;
	l->waited_ms = 0;
	v->application = "web";
	v->bound_ms = 40;
	statement(f, 0, 120);
	statement(f, 120, 125);
	statement(f, 247, 100);
	return f;
}

static void assert_bar(const struct timeline_bar *bar, enum timeline_part part,
		       double from_ms, double until_ms)
{
	assert_int_equal(bar->part, part);
	assert_float_equal(bar->from_ms, from_ms, 1e-6);
	assert_float_equal(bar->until_ms, until_ms, 1e-6);
}

static void takes_locks_apart(void **state)
{
	struct timeline *t = timeline_new(*state, some_facts(*state), 20, 20,
					  5);

	assert_int_equal(t->row_count, 3);
	assert_int_equal(t->rows[0].bar_count, 3);
	assert_bar(&t->rows[0].bars[0], TIMELINE_WAITED, 0, 50);
	assert_bar(&t->rows[0].bars[1], TIMELINE_PERHAPS, 50, 70);
	assert_bar(&t->rows[0].bars[2], TIMELINE_HELD, 70, 350);
	assert_int_equal(t->rows[1].bar_count, 2);
	assert_bar(&t->rows[1].bars[1], TIMELINE_HELD, 250.1, 350);
	assert_null(t->rows[2].lock);
	assert_bar(&t->rows[2].bars[0], TIMELINE_WAITED, 60, 260);
	assert_bar(&t->rows[2].bars[1], TIMELINE_PERHAPS, 260, 300);
	assert_int_equal(t->step_count, 3);
	assert_float_equal(t->from_ms, 0, 1e-6);
	assert_float_equal(t->until_ms, 350, 1e-6);
	assert_float_equal(t->tick_ms, 100, 1e-6);
	assert_float_equal(timeline_place(t, 175), 0.5, 1e-6);
	assert_float_equal(timeline_place(t, 9000), 1, 1e-6);
}

static void draws_with_characters(void **state)
{
	struct timeline *t = timeline_new(*state, some_facts(*state), 20, 20,
					  5);

	assert_string_equal(
		timeline_text(*state, t, 60, true),
		"                         0         100 ms    200 ms   300 ms\n"
		"                         ┬─────────┬─────────┬─────────┬────\n"
		"statements               1           2            3\n"
		"users AccessExclusive    ░░░░░▒▒████████████████████████████\n"
		"orders ShareRowExclusive                          ██████████\n"
		"waits: 4711 web                ░░░░░░░░░░░░░░░░░░░░▒▒▒▒\n"
		"                         ░ waits   ▒ perhaps   █ holds\n");
	assert_string_equal(timeline_text(*state, t, 40, false),
			    "                 0      100 ms    300 ms\n"
			    "                 +------+-----+------+--\n"
			    "statements       1       2       3\n"
			    "users AccessExc~ ...--##################\n"
			    "orders ShareRow~                 #######\n"
			    "waits: 4711 web      .............---\n"
			    "                 . waits   - perhaps   # holds\n");
}

static void a_short_lock_is_seen(void **state)
{
	struct facts *f = facts_new(*state, 1, "x", DIRECTION_UP);
	struct timeline *t;

	lock(f, "a", "RESERVED", 0, 1000);
	lock(f, "b", "RESERVED", 500, 0.3);
	lock(f, "c", "RESERVED", 1000, 0);
	t = timeline_new(*state, f, 20, 20, 3);
	assert_string_equal(timeline_text(*state, t, 31, false),
			    "           0         0.5 s\n"
			    "           +---------+--------+\n"
			    "a RESERVED ####################\n"
			    "b RESERVED           #\n"
			    "c RESERVED                    #\n"
			    "           # holds\n");
}

static void one_short_lock_fills_its_own_axis(void **state)
{
	struct facts *f = facts_new(*state, 1, "x", DIRECTION_UP);
	struct timeline *t;

	lock(f, "users", "AccessExclusiveLock", 0, 0.3);
	t = timeline_new(*state, f, 20, 20, 4);
	assert_string_equal(
		timeline_text(*state, t, 60, false),
		"                      0            0.1 ms      0.2 ms 0.3 ms\n"
		"                      +------------+-----------+-----------+\n"
		"users AccessExclusive ######################################\n"
		"                      # holds\n");
}

static void a_long_wait_before_it_is_not_on_the_axis(void **state)
{
	struct facts *f = facts_new(*state, 1, "x", DIRECTION_UP);
	struct timeline *t;

	lock(f, "users", "AccessExclusiveLock", 300020, 400);
	t = timeline_new(*state, f, 20, 20, 5);
	assert_float_equal(t->from_ms, 300000, 1e-6);
	assert_float_equal(t->until_ms, 300420, 1e-6);
	assert_string_equal(timeline_tick_text(*state, t, 300100), "5.002 min");
}

static void keeps_the_longest(void **state)
{
	struct facts *f = facts_new(*state, 1, "x", DIRECTION_UP);
	struct timeline *t;

	lock(f, "a", "RESERVED", 0, 5);
	lock(f, "b", "RESERVED", 1, 9);
	lock(f, "c", "RESERVED", 2, 1);
	lock(f, "d", "RESERVED", 0.5, 8);
	for (int i = 1; i <= 4; i++)
		victim(f, i, 5 - i, i);
	f->victims_seen = 9;
	t = timeline_new(*state, f, 2, 3, 5);
	assert_int_equal(t->row_count, 5);
	assert_string_equal(t->rows[0].lock->relation, "d");
	assert_string_equal(t->rows[1].lock->relation, "b");
	assert_int_equal(t->rows[2].victim->pid, 4);
	assert_int_equal(t->rows[4].victim->pid, 2);
	assert_int_equal(t->more_locks, 2);
	assert_int_equal(t->more_victims, 6);
	assert_string_equal(timeline_text(*state, t, 31, false),
			    "           0   2 ms    6 ms\n"
			    "           +---+---+---+---+--+\n"
			    "d RESERVED  ################\n"
			    "b RESERVED   ##################\n"
			    "and 2 more locks\n"
			    "waits: 4     ........\n"
			    "waits: 3       ......\n"
			    "waits: 2         ....\n"
			    "and 6 more sessions\n"
			    "           . waits   # holds\n");
}

static void what_has_no_place_is_not_drawn(void **state)
{
	struct facts *f = facts_new(*state, 1, "x", DIRECTION_UP);
	struct timeline *t;

	lock(f, "a", "RESERVED", -1, 5);
	statement(f, -1, 3);
	assert_null(timeline_new(*state, f, 20, 20, 5));
	lock(f, "b", "RESERVED", 1, 9);
	t = timeline_new(*state, f, 20, 20, 5);
	assert_int_equal(t->row_count, 1);
	assert_int_equal(t->step_count, 0);
}

static void names_stay_in_their_column(void **state)
{
	struct facts *f = facts_new(*state, 1, "x", DIRECTION_UP);
	struct timeline *t;

	lock(f, "\033[31m", "RESERVED", 0, 5);
	lock(f, "\xe7\x94\xa8\xe6\x88\xb7", "RESERVED", 0, 5);
	t = timeline_new(*state, f, 20, 20, 2);
	assert_string_equal(timeline_text(*state, t, 40, false),
			    "                0                   5 ms\n"
			    "                +----------------------+\n"
			    "^[[31m RESERVED ########################\n"
			    "\xe7\x94\xa8\xe6\x88\xb7 RESERVED   "
			    "########################\n"
			    "                # holds\n");
}

static void says_what_is_known(void **state)
{
	struct fact_lock l = { .held_ms = 1200,
			       .bound_ms = 100,
			       .waited_ms = -1 };
	struct fact_victim v = { .waited_ms = 99, .bound_ms = 20 };

	assert_string_equal(phrase_held(*state, &l), "1.2 s (at least 1.1 s)");
	l.bound_ms = 0.2;
	assert_string_equal(phrase_held(*state, &l), "1.2 s");
	l.bound_ms = -1;
	assert_string_equal(phrase_held(*state, &l), "1.2 s");
	l.held_ms = -1;
	assert_string_equal(phrase_held(*state, &l), "unknown");
	assert_null(phrase_waited(*state, &l));
	assert_string_equal(phrase_victim_waited(*state, &v),
			    "99 ms (at most 119 ms)");
	assert_int_equal(lock_strength("AccessExclusiveLock"), LOCK_OUT_ALL);
	assert_int_equal(lock_strength("MDL_SHARED_READ"), LOCK_FOR_READING);
	assert_int_equal(lock_strength("WAL_WRITE_LOCK"), LOCK_OUT_WRITERS);
	assert_int_equal(lock_strength("never seen"), LOCK_OUT_ALL);
}

static void says_what_was_done(void **state)
{
	struct facts *f = facts_new(*state, 1, "x", DIRECTION_UP);
	struct fact_effect e = { "t", true, 6, 1, 7, 14000, 1, 2, 3 };
	struct fact_statement s = { .waited_ms = 3,
				    .waited_bound_ms = 0.5,
				    .wal_bytes = 8192,
				    .algorithm = "COPY" };

	assert_string_equal(
		phrase_effect(*state, &e),
		"rewritten, 6 indexes rewritten, 1 index built, read whole 7 "
		"times (14,000 rows), 1 row inserted, 2 rows updated, 3 rows "
		"deleted");
	assert_string_equal(
		phrase_statement(*state, &s),
		"COPY, waited 3.0 ms (at most 3.5 ms), up to 8.2 kB of WAL");
	s = (struct fact_statement){ .duration_ms = 50,
				     .waited_bound_ms = 10,
				     .wal_bytes = -1 };
	assert_string_equal(phrase_statement(*state, &s),
			    "waited at most 10 ms");
	s.duration_ms = 500;
	assert_string_equal(phrase_statement(*state, &s), "");
	assert_null(phrase_kept_waiting(*state, f));
	victim(f, 1, 0, 30);
	assert_string_equal(phrase_kept_waiting(*state, f),
			    "kept 1 session waiting for 30 ms");
	victim(f, 2, 0, 1200);
	f->victims_seen = 5;
	assert_string_equal(phrase_kept_waiting(*state, f),
			    "kept 5 sessions waiting, the longest 1.2 s");
}

static int set_up(void **state)
{
	*state = talloc_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	talloc_free(*state);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_locks_apart),
		TEST(draws_with_characters),
		TEST(a_short_lock_is_seen),
		TEST(one_short_lock_fills_its_own_axis),
		TEST(a_long_wait_before_it_is_not_on_the_axis),
		TEST(keeps_the_longest),
		TEST(what_has_no_place_is_not_drawn),
		TEST(names_stay_in_their_column),
		TEST(says_what_is_known),
		TEST(says_what_was_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
