#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/run/plan.h"
#include "tests/unit/states_bed.h"

static void expect(const struct states *states, size_t i, const char *state,
		   unsigned flags)
{
	assert_true(i < states->count);
	assert_string_equal(state_name(states->list[i].state), state);
	assert_int_equal(states->list[i].flags, flags);
}

static void joins_sets_and_ledger(void **state)
{
	struct scene s = make_scene("1:u1:d1 2:x:d2 4:u4:d4 5:u5:d5 !6:u6:d6",
				    "1:u1:d1 2:u2:d2 3:u3:d3");

	(void)state;
	assert_int_equal(s.states->count, 6);
	expect(s.states, 0, "applied", 0);
	expect(s.states, 1, "modified", FLAG_UP_CHANGED);
	expect(s.states, 2, "missing", 0);
	expect(s.states, 3, "pending", 0);
	expect(s.states, 4, "pending", 0);
	expect(s.states, 5, "uncommitted", FLAG_UNCOMMITTED);
	release_scene(&s);
}

static void the_first_state_that_fits_wins(void **state)
{
	struct scene s = make_scene("1:u1:d1 !2:u2:d2 !3:u3:dx",
				    "2:u2:d2 3:u3:d3");

	(void)state;
	expect(s.states, 0, "out-of-order", 0);
	expect(s.states, 1, "applied", FLAG_UNCOMMITTED);
	expect(s.states, 2, "modified", FLAG_UNCOMMITTED | FLAG_DOWN_CHANGED);
	release_scene(&s);
	s = make_scene("1:x:d1", "1:u1:d1");
	s.ledger->rows[0].state = UNFINISHED;
	talloc_free(s.states);
	s.states = states_join(NULL, s.here, s.ledger);
	expect(s.states, 0, "unfinished", FLAG_UP_CHANGED);
	release_scene(&s);
}

static void marks_halves_and_duplicates(void **state)
{
	struct scene s = make_scene("1:u1:-:a 2:u2:d2:a 2:u3:d3:b",
				    "2:u3:d3:b");

	(void)state;
	assert_int_equal(s.states->count, 3);
	expect(s.states, 0, "out-of-order", FLAG_HALF);
	expect(s.states, 1, "pending", FLAG_DUPLICATE);
	expect(s.states, 2, "applied", FLAG_DUPLICATE);
	release_scene(&s);
}

static void plan_fails(const char *here, const char *ledger, const char *why)
{
	struct scene s = make_scene(here, ledger);
	struct plan_options options = { 0 };
	struct error err = { 0 };
	struct plan plan;

	assert_int_equal(
		plan_up(s.states, s.states, s.here, &options, &plan, &err), -1);
	assert_string_equal(err.message, why);
	assert_non_null(err.hint);
	error_release(&err);
	release_scene(&s);
}

static void up_names_what_is_wrong(void **state)
{
	(void)state;
	plan_fails("1:u1:d1 2:u2:d2", "2:u2:d2",
		   "migration '20260101000001_n' is out of order: "
		   "20260101000002 is applied already");
	plan_fails("1:x:d1", "1:u1:d1",
		   "the up script of migration '20260101000001_n' has changed "
		   "since it was applied");
	plan_fails("3:u1:d1", "1:u1:d1",
		   "migration '20260101000003_n' was already applied as "
		   "version 20260101000001");
	plan_fails("1:u1:-", "",
		   "half a pair: migration '20260101000001_n' "
		   "has no down script");
}

static void check_plan(const struct plan *plan, const char *expected)
{
	char *text = talloc_strdup(NULL, "");

	for (size_t i = 0; i < plan->count; i++)
		text = talloc_asprintf_append(
			text, "%s%d", i ? " " : "",
			(int)(plan->items[i].version % 10));
	assert_string_equal(text, expected);
	talloc_free(text);
}

static void plans_what_was_asked_for(void **state)
{
	struct scene s = make_scene("1:u1:d1 3:u3:d3 4:u4:d4 5:u5:d5",
				    "1:u1:d1 2:u2:d2");
	struct error err = { 0 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_up(s.states, s.states, s.here,
				 &(struct plan_options){ .limit = 2 }, &plan,
				 &err),
			 0);
	check_plan(&plan, "3 4");
	assert_int_equal(plan_up(s.states, s.states, s.here,
				 &(struct plan_options){ .has_to = true,
							 .to = 20260101000003 },
				 &plan, &err),
			 0);
	check_plan(&plan, "3");
	assert_int_equal(plan_up(s.states, s.states, s.here,
				 &(struct plan_options){ .has_to = true,
							 .to = 20260101000009 },
				 &plan, &err),
			 -1);
	assert_string_equal(err.message,
			    "there is no migration 20260101000009 here");
	error_release(&err);
	assert_int_equal(plan_down(s.states, s.states,
				   &(struct plan_options){ .limit = 1 }, &plan,
				   &err),
			 0);
	check_plan(&plan, "2");
	assert_int_equal(plan_down(s.states, s.states,
				   &(struct plan_options){ .has_to = true },
				   &plan, &err),
			 0);
	check_plan(&plan, "2 1");
	release_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_sets_and_ledger),
		cmocka_unit_test(the_first_state_that_fits_wins),
		cmocka_unit_test(marks_halves_and_duplicates),
		cmocka_unit_test(up_names_what_is_wrong),
		cmocka_unit_test(plans_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
