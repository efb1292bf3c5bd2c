#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/db/mysql/observe.h"

#define BIT(mode) (1U << (mode))

static int mode(const char *name)
{
	int number = my_mode_number(name);

	assert_int_not_equal(number, MY_MODE_UNKNOWN);
	assert_string_equal(my_mode_name(number), name);
	return number;
}

static bool keeps_out(const char *granted, const char *asked)
{
	return my_mode_conflicts(mode(asked)) & BIT(mode(granted));
}

static bool waits_behind(const char *pending, const char *asked)
{
	return my_mode_yields(mode(asked)) & BIT(mode(pending));
}

static void knows_the_plugins_names(void **state)
{
	(void)state;
	assert_int_equal(my_mode_number("MDL_SHARED_READ"),
			 mode("SHARED_READ"));
	assert_int_equal(my_mode_number("MDL_NEW"), MY_MODE_UNKNOWN);
	assert_int_equal(my_mode_number(NULL), MY_MODE_UNKNOWN);
	assert_null(my_mode_name(MY_MODE_UNKNOWN));
}

/* Whoever keeps another one out is kept out by it. */
static void conflicts_are_mutual(void **state)
{
	int last = mode("EXCLUSIVE");

	(void)state;
	for (int a = 0; a <= last; a++)
		for (int b = 0; b <= last; b++)
			assert_int_equal(!(my_mode_conflicts(a) & BIT(b)),
					 !(my_mode_conflicts(b) & BIT(a)));
}

static void knows_who_keeps_out_whom(void **state)
{
	(void)state;
	assert_true(keeps_out("SHARED_NO_WRITE", "SHARED_WRITE"));
	assert_false(keeps_out("SHARED_NO_WRITE", "SHARED_READ"));
	assert_true(keeps_out("SHARED_NO_READ_WRITE", "SHARED_READ"));
	assert_false(keeps_out("SHARED_NO_READ_WRITE", "SHARED_HIGH_PRIO"));
	assert_false(keeps_out("SHARED_UPGRADABLE", "SHARED_WRITE"));
	assert_true(keeps_out("SHARED_READ_ONLY", "SHARED_WRITE"));
	assert_true(keeps_out("SHARED_READ", "EXCLUSIVE"));
}

static void knows_who_waits_behind_whom(void **state)
{
	(void)state;
	assert_true(waits_behind("EXCLUSIVE", "SHARED_READ"));
	assert_false(waits_behind("EXCLUSIVE", "SHARED_HIGH_PRIO"));
	assert_false(waits_behind("SHARED_WRITE", "SHARED_READ"));
	assert_false(waits_behind("EXCLUSIVE", "EXCLUSIVE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_plugins_names),
		cmocka_unit_test(conflicts_are_mutual),
		cmocka_unit_test(knows_who_keeps_out_whom),
		cmocka_unit_test(knows_who_waits_behind_whom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
