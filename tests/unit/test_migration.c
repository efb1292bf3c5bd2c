#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/migration.h"

static void reads_and_writes_versions(void **state)
{
	char text[VERSION_LENGTH + 1];
	int64_t version = 0;

	(void)state;
	assert_int_equal(version_parse("00000000000042", &version), 0);
	assert_int_equal(version, 42);
	assert_string_equal(version_format(version, text), "00000000000042");
	assert_int_equal(version_parse("2026021312000", &version), -1);
	assert_int_equal(version_parse("202602131200001", &version), -1);
	assert_int_equal(version_parse("2026021312000x", &version), -1);
}

static void check_name(const char *file, int expected, const char *message)
{
	struct error err = { 0 };
	enum direction direction;
	const char *name;
	int64_t version;
	size_t length;

	assert_int_equal(script_name_parse(file, &version, &name, &length,
					   &direction, &err),
			 expected);
	if (message)
		assert_string_equal(err.message, message);
	error_release(&err);
}

static void tells_scripts_from_other_files(void **state)
{
	(void)state;
	check_name("20260213120000_a.up.sql", 1, NULL);
	check_name("20260213120000_a-B.c.down.sql", 1, NULL);
	check_name("README.md", 0, NULL);
	check_name("20260213120000_a.sql", 0, NULL);
	check_name("1_a.up.sql", -1,
		   "malformed script name '1_a.up.sql': it does not begin with "
		   "14 digits");
	check_name("202602131200001_a.up.sql", -1,
		   "malformed script name '202602131200001_a.up.sql': it does "
		   "not begin with 14 digits");
	check_name("20260213120000.up.sql", -1,
		   "malformed script name '20260213120000.up.sql': it has no "
		   "_NAME after the version");
	check_name("20260213120000_.up.sql", -1,
		   "malformed script name '20260213120000_.up.sql': it has no "
		   "_NAME after the version");
	check_name("20260213120000_\033[31m.up.sql", -1,
		   "malformed script name '20260213120000_^[[31m.up.sql': it "
		   "has characters that a name may not have");
	check_name("20260213120000_a\\b.up.sql", -1,
		   "malformed script name '20260213120000_a\\b.up.sql': it has "
		   "characters that a name may not have");
	check_name(
		"20260213120000_\xff.up.sql", -1,
		"malformed script name '20260213120000_\\xFF.up.sql': it has "
		"characters that a name may not have");
}

static struct set *make_set(const char *const *files)
{
	struct set *set = set_new(NULL);
	struct error err = { 0 };

	for (; *files; files++)
		assert_int_equal(set_add(set, *files, "b1", 0, &err), 0);
	set_sort(set);
	return set;
}

static void pairs_halves_in_any_order(void **state)
{
	static const char *const files[] = {
		"m/20260101000002_b.up.sql",   "m/20260101000001_a.down.sql",
		"m/20260101000002_b.down.sql", "m/notes.txt",
		"m/20260101000001_a.up.sql",   NULL,
	};
	struct set *set = make_set(files);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(set->count, 2);
	assert_string_equal(set->list[0].name, "a");
	assert_string_equal(set->list[0].half[DIRECTION_UP].path,
			    "m/20260101000001_a.up.sql");
	assert_int_equal(set_check(set, &err), 0);
	assert_ptr_equal(set_find(set, 20260101000002), &set->list[1]);
	assert_null(set_find(set, 20260101000003));
	talloc_free(set);
}

static void names_half_a_pair(void **state)
{
	static const char *const files[] = { "m/20260101000001_a.up.sql",
					     NULL };
	struct set *set = make_set(files);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(set_check(set, &err), -1);
	assert_string_equal(err.message, "half a pair: migration "
					 "'20260101000001_a' has no down "
					 "script");
	assert_string_equal(err.file, "m/20260101000001_a.up.sql");
	assert_string_equal(err.hint, "write 'm/20260101000001_a.down.sql'\n"
				      "if it cannot be undone, say so in it: "
				      "-- migrate: irreversible \"why\"");
	error_release(&err);
	talloc_free(set);
}

static void names_a_duplicate_version(void **state)
{
	static const char *const files[] = {
		"m/20260101000001_a.up.sql",
		"m/20260101000001_a.down.sql",
		"m/20260101000001_b.up.sql",
		"m/20260101000001_b.down.sql",
		NULL,
	};
	struct set *set = make_set(files);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(set->count, 2);
	assert_int_equal(set_check(set, &err), -1);
	assert_string_equal(err.message,
			    "duplicate version 20260101000001: 'a' and 'b'");
	error_release(&err);
	talloc_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_versions),
		cmocka_unit_test(tells_scripts_from_other_files),
		cmocka_unit_test(pairs_halves_in_any_order),
		cmocka_unit_test(names_half_a_pair),
		cmocka_unit_test(names_a_duplicate_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
