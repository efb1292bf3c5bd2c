#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <talloc.h>

#include "core/run/patience.h"

/* When to ask for locks; the clock is the test's. */

#define MS INT64_C(1000)

static void step_is(struct patience_step step, enum patience_action action,
		    int ms)
{
	assert_int_equal(step.action, action);
	assert_int_equal(step.ms, ms);
}

static void asks_at_once_when_nobody_is_in_the_way(void **state)
{
	struct patience *p = patience_new(NULL, 50, 300000, 7);

	(void)state;
	step_is(patience_looked(p, NULL, 0, 7), PATIENCE_ASK, 50);
	talloc_free(p);
}

static void waits_for_those_that_were_there_first(void **state)
{
	const char *const both[] = { "3/1", "4/1" };
	const char *const later[] = { "3/2", "4/1" };
	const char *const others[] = { "3/2", "5/9" };
	struct patience *p = patience_new(NULL, 50, 300000, 0);

	(void)state;
	step_is(patience_looked(p, both, 2, 0), PATIENCE_WAIT, 50);
	step_is(patience_looked(p, later, 2, 50 * MS), PATIENCE_WAIT, 50);
	step_is(patience_looked(p, others, 2, 100 * MS), PATIENCE_ASK, 50);
	talloc_free(p);
}

static void looks_anew_after_asking_in_vain(void **state)
{
	const char *const first[] = { "3/1" };
	const char *const second[] = { "3/2" };
	struct patience *p = patience_new(NULL, 50, 300000, 0);

	(void)state;
	step_is(patience_looked(p, first, 1, 0), PATIENCE_WAIT, 50);
	step_is(patience_looked(p, second, 1, 50 * MS), PATIENCE_ASK, 50);
	assert_int_equal(patience_failed(p, 1, 100 * MS).action, PATIENCE_WAIT);
	step_is(patience_looked(p, second, 1, 120 * MS), PATIENCE_WAIT, 50);
	step_is(patience_looked(p, first, 1, 170 * MS), PATIENCE_ASK, 50);
	talloc_free(p);
}

static void gives_up_at_its_limit(void **state)
{
	const char *const there[] = { "3/1" };
	struct patience *p = patience_new(NULL, 50, 1000, 0);

	(void)state;
	step_is(patience_looked(p, there, 1, 0), PATIENCE_WAIT, 50);
	step_is(patience_looked(p, there, 1, 970 * MS), PATIENCE_WAIT, 30);
	step_is(patience_looked(p, there, 1, 1000 * MS), PATIENCE_GIVE_UP, 0);
	/* but who is gone by then is not in the way */
	step_is(patience_looked(p, NULL, 0, 1100 * MS), PATIENCE_ASK, 50);
	assert_int_equal(patience_failed(p, 1, 1100 * MS).action,
			 PATIENCE_GIVE_UP);
	talloc_free(p);
}

static void asks_longer_after_every_second_failure(void **state)
{
	static const int expected[] = { 50,  50,  100, 100,  200,  200,	 400,
					400, 800, 800, 1600, 1600, 2000, 2000 };
	struct patience *p = patience_new(NULL, 50, 300000, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		step_is(patience_looked(p, NULL, 0, 0), PATIENCE_ASK,
			expected[i]);
		patience_failed(p, 0, 0);
	}
	talloc_free(p);
}

static void asks_no_longer_than_a_quarter_of_its_limit(void **state)
{
	struct patience *p = patience_new(NULL, 50, 600, 0);
	struct patience *hasty = patience_new(NULL, 500, 600, 0);

	(void)state;
	for (int i = 0; i < 8; i++) {
		patience_failed(p, 0, 0);
		patience_failed(hasty, 0, 0);
	}
	step_is(patience_looked(p, NULL, 0, 0), PATIENCE_ASK, 150);
	/* unless it was told to */
	step_is(patience_looked(hasty, NULL, 0, 0), PATIENCE_ASK, 500);
	talloc_free(p);
	talloc_free(hasty);
}

static void leaves_the_way_longer_each_time(void **state)
{
	static const int most[] = { 20, 40, 80, 160, 320, 640, 1000, 1000 };
	struct patience *p = patience_new(NULL, 50, 300000, 0);
	struct patience *other = patience_new(NULL, 50, 300000, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(most) / sizeof(*most); i++) {
		step_is(patience_failed(p, 1, 0), PATIENCE_WAIT, most[i]);
		step_is(patience_failed(other, 0, 0), PATIENCE_WAIT,
			most[i] / 2);
	}
	/* but not past the limit */
	step_is(patience_failed(p, 1, 299990 * MS), PATIENCE_WAIT, 10);
	talloc_free(p);
	talloc_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_at_once_when_nobody_is_in_the_way),
		cmocka_unit_test(waits_for_those_that_were_there_first),
		cmocka_unit_test(looks_anew_after_asking_in_vain),
		cmocka_unit_test(gives_up_at_its_limit),
		cmocka_unit_test(asks_longer_after_every_second_failure),
		cmocka_unit_test(asks_no_longer_than_a_quarter_of_its_limit),
		cmocka_unit_test(leaves_the_way_longer_each_time),
	};

	return cmocka_run_group_tests_name("patience", tests, NULL, NULL);
}
