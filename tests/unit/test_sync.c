#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/sync.h"
#include "tests/unit/states_bed.h"

#define EPOCH INT64_C(20260101000000)

static const char *signed_item(TALLOC_CTX *mem, const struct plan_item *item,
			       enum sync_reason reason)
{
	return talloc_asprintf(
		mem, " %c%d%s:%s", item->direction == DIRECTION_UP ? '+' : '-',
		(int)(item->version - EPOCH), item->resume ? "!" : "",
		sync_reason_name(reason));
}

/* "-2:lacking 3>5 +4:new", in the order in which it is done. */
static char *plan_text(TALLOC_CTX *mem, const struct sync_plan *p)
{
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < p->begun.count; i++)
		text = talloc_asprintf_append(
			text, " %d!", (int)(p->begun.items[i].version - EPOCH));
	for (size_t i = 0; i < p->downs.count; i++)
		text = talloc_strdup_append(text,
					    signed_item(mem, &p->downs.items[i],
							p->down_reasons[i]));
	for (size_t i = 0; i < p->stamp_count; i++)
		text = talloc_asprintf_append(
			text, " %d>%d",
			(int)(p->stamps[i].from->version - EPOCH),
			(int)(p->stamps[i].to->version - EPOCH));
	for (size_t i = 0; i < p->ups.count; i++)
		text = talloc_strdup_append(
			text,
			signed_item(mem, &p->ups.items[i], p->up_reasons[i]));
	return *text ? text + 1 : text;
}

static void expect(const char *set, const char *ledger, const char *expected)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct scene s = make_scene(set, ledger);
	struct error err = { 0 };
	struct sync_plan plan;

	assert_int_equal(sync_plan(mem, s.states, s.here, false, &plan, &err),
			 0);
	assert_string_equal(plan_text(mem, &plan), expected);
	assert_int_equal(sync_plan_is_empty(&plan), !*expected);
	talloc_free(mem);
	release_scene(&s);
}

static void reverts_what_is_lacking_and_applies_what_is_new(void **state)
{
	(void)state;
	expect("1:u1:d1", "1:u1:d1", "");
	expect("1:u1:d1 3:u3:d3 5:u5:d5", "1:u1:d1 2:u2:d2 4:u4:d4",
	       "-4:lacking -2:lacking +3:new +5:new");
	/* what stays above it does not build on it */
	expect("1:u1:d1 3:u3:d3", "1:u1:d1 2:u2:d2 3:u3:d3", "-2:lacking");
	expect("1:u1:d1 2:u2:d2 3:u3:d3", "1:u1:d1 3:u3:d3", "+2:new");
	expect("", "1:u1:d1 2:u2:d2", "-2:lacking -1:lacking");
	expect("", "", "");
}

static void runs_again_what_changed_and_what_stands_on_it(void **state)
{
	(void)state;
	expect("1:u1:d1 2:x2:d2 3:u3:d3", "1:u1:d1 2:u2:d2 3:u3:d3",
	       "-3:above-changed -2:changed +2:changed +3:above-changed");
	/* what is lacking anyway, and what is new, in the same order */
	expect("1:u1:d1 2:x2:d2 3:u3:d3 4:u4:d4",
	       "1:u1:d1 2:u2:d2 3:u3:d3 5:u5:d5",
	       "-5:lacking -3:above-changed -2:changed "
	       "+2:changed +3:above-changed +4:new");
}

static void keeps_the_recorded_down_script(void **state)
{
	struct scene s = make_scene("1:u1:x1 2:u2:d2", "1:u1:d1 2:u2:d2");
	struct error err = { 0 };
	struct sync_plan plan;

	(void)state;
	assert_int_equal(
		sync_plan(s.states, s.states, s.here, false, &plan, &err), 0);
	assert_true(sync_plan_is_empty(&plan));
	assert_int_equal(plan.down_changed, 1);
	release_scene(&s);
}

static void stamps_the_same_script_under_another_version(void **state)
{
	(void)state;
	expect("1:u1:d1 5:u2:d2", "1:u1:d1 2:u2:d2", "2>5");
	expect("1:u1:d1:other", "1:u1:d1", "1>1");
	/* the one of the same name, where several have the script */
	expect("4:u:d:a 5:u:d:b", "2:u:d:b 3:u:d:a", "2>5 3>4");
	expect("4:u:d:a 5:u:d:b", "2:u:d:b", "2>5 +4:new");
	/* not where it has to go anyway */
	expect("1:x1:d1 5:u2:d2", "1:u1:d1 2:u2:d2",
	       "-2:lacking -1:changed +1:changed +5:new");
}

static void unfinish(struct scene *s, size_t i, enum direction direction)
{
	s->ledger->rows[i].state = UNFINISHED;
	s->ledger->rows[i].direction = direction;
	talloc_free(s->states);
	s->states = states_join(NULL, s->here, s->ledger);
}

static void expect_unfinished(const char *set, const char *ledger, size_t at,
			      enum direction direction, bool finish,
			      const char *expected)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct scene s = make_scene(set, ledger);
	struct error err = { 0 };
	struct sync_plan plan;
	int result;

	unfinish(&s, at, direction);
	result = sync_plan(mem, s.states, s.here, finish, &plan, &err);
	if (expected) {
		assert_int_equal(result, 0);
		assert_string_equal(plan_text(mem, &plan), expected);
	} else {
		assert_int_equal(result, -1);
		assert_int_equal(err.code, ERROR_REFUSED);
		assert_non_null(strstr(err.message, "is unfinished"));
		assert_non_null(strstr(err.hint, "git migrate repair"));
	}
	error_release(&err);
	talloc_free(mem);
	release_scene(&s);
}

static void goes_on_with_what_stopped_half_way(void **state)
{
	(void)state;
	expect_unfinished("1:u1:d1 2:u2:d2 3:u3:d3", "1:u1:d1 2:u2:d2", 1,
			  DIRECTION_UP, false, "+2!:unfinished +3:new");
	expect_unfinished("1:u1:d1", "1:u1:d1 2:u2:d2 3:u3:d3", 1,
			  DIRECTION_DOWN, false, "-2!:unfinished -3:lacking");
	expect_unfinished("1:u1:d1 2:u2:d2", "1:u1:d1 2:u2:d2", 1,
			  DIRECTION_DOWN, false,
			  "-2!:unfinished +2:unfinished");
	/* half applied, and to be reverted, or above what is */
	expect_unfinished("1:u1:d1", "1:u1:d1 2:u2:d2", 1, DIRECTION_UP, false,
			  NULL);
	expect_unfinished("1:u1:d1 3:u3:d3", "1:u1:d1 2:u2:d2 3:u3:d3", 2,
			  DIRECTION_UP, false, NULL);
	expect_unfinished("1:u1:d1 2:x2:d2", "1:u1:d1 2:u2:d2", 1, DIRECTION_UP,
			  false, NULL);
}

static void completes_what_was_begun_when_told_to(void **state)
{
	(void)state;
	expect_unfinished("1:u1:d1 2:u2:d2", "1:u1:d1 2:u2:d2", 1, DIRECTION_UP,
			  true, "2!");
	expect_unfinished("1:u1:d1 3:u3:d3", "1:u1:d1 2:u2:d2", 1, DIRECTION_UP,
			  true, "2! -2:lacking +3:new");
	expect_unfinished("1:x1:d1 2:u2:d2", "1:u1:d1 2:u2:d2", 1, DIRECTION_UP,
			  true,
			  "2! -2:above-changed -1:changed "
			  "+1:changed +2:above-changed");
	expect_unfinished("1:u1:d1", "1:u1:d1 2:u2:d2", 1, DIRECTION_DOWN, true,
			  "-2!:unfinished");
}

static void refuses_a_set_that_is_none(void **state)
{
	struct scene s = make_scene("1:u1:-", "");
	struct error err = { 0 };
	struct sync_plan plan;

	(void)state;
	assert_int_equal(
		sync_plan(s.states, s.states, s.here, false, &plan, &err), -1);
	error_release(&err);
	release_scene(&s);
}

/* --- whatever there is, the set is what comes of it ----------------------- */

#define VERSIONS 8

/* By version: the script that is there, 0 for none. */
struct world {
	int script[VERSIONS];
};

static char *world_text(TALLOC_CTX *mem, const struct world *w)
{
	char *text = talloc_strdup(mem, "");

	for (int v = 0; v < VERSIONS; v++)
		if (w->script[v])
			text = talloc_asprintf_append(
				text, "%s%d:u%d:d%d", *text ? " " : "", v + 1,
				w->script[v], w->script[v]);
	return text;
}

/* Scripts of one version are mostly the same everywhere. */
static struct world chance(unsigned *seed)
{
	struct world w;

	for (int v = 0; v < VERSIONS; v++) {
		int dice = rand_r(seed) % 10;

		w.script[v] = dice < 4 ? 0 : dice < 8 ? v + 1 : 1 + dice % 5;
	}
	return w;
}

static int script_of(const struct set *set, int64_t version)
{
	return atoi(set_find(set, version)->half[DIRECTION_UP].blob + 1);
}

/* Each step must find what it is about, and nothing in its way. */
static void carry_out(struct world *w, const struct scene *s,
		      const struct sync_plan *p)
{
	int moved[VERSIONS] = { 0 }, last = VERSIONS;

	for (size_t i = 0; i < p->downs.count; i++) {
		int v = (int)(p->downs.items[i].version - EPOCH) - 1;

		assert_true(v < last);
		assert_int_not_equal(w->script[v], 0);
		w->script[v] = 0;
		last = v;
	}
	for (size_t i = 0; i < p->stamp_count; i++) {
		int v = (int)(p->stamps[i].from->version - EPOCH) - 1;

		moved[p->stamps[i].to->version - EPOCH - 1] = w->script[v];
		w->script[v] = 0;
	}
	for (int v = 0; v < VERSIONS; v++)
		if (moved[v]) {
			assert_int_equal(w->script[v], 0);
			w->script[v] = moved[v];
		}
	last = -1;
	for (size_t i = 0; i < p->ups.count; i++) {
		int v = (int)(p->ups.items[i].version - EPOCH) - 1;

		assert_true(v > last);
		assert_int_equal(w->script[v], 0);
		w->script[v] = script_of(s->here, v + 1 + EPOCH);
		last = v;
	}
}

static void the_set_is_what_comes_of_it(void **state)
{
	unsigned seed = 5;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		TALLOC_CTX *mem = talloc_new(NULL);
		struct world wanted = chance(&seed), has = chance(&seed);
		struct scene s = make_scene(world_text(mem, &wanted),
					    world_text(mem, &has));
		struct error err = { 0 };
		struct sync_plan plan;

		assert_int_equal(
			sync_plan(mem, s.states, s.here, false, &plan, &err),
			0);
		carry_out(&has, &s, &plan);
		assert_memory_equal(&has, &wanted, sizeof(has));
		release_scene(&s);
		talloc_free(mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			reverts_what_is_lacking_and_applies_what_is_new),
		cmocka_unit_test(runs_again_what_changed_and_what_stands_on_it),
		cmocka_unit_test(keeps_the_recorded_down_script),
		cmocka_unit_test(stamps_the_same_script_under_another_version),
		cmocka_unit_test(goes_on_with_what_stopped_half_way),
		cmocka_unit_test(completes_what_was_begun_when_told_to),
		cmocka_unit_test(refuses_a_set_that_is_none),
		cmocka_unit_test(the_set_is_what_comes_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
