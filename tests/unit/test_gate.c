#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/gate.h"

/* Sets from short descriptions: "1a:u:d" is version 1, named a, with these
   blobs; "-" for a half that is missing. */
static struct set *make_set(TALLOC_CTX *mem, const char *text)
{
	struct set *set = set_new(mem);
	char *rest = talloc_strdup(set, text), *item;
	struct error err = { 0 };

	while ((item = strsep(&rest, " ")) != NULL && *item) {
		char *label = strsep(&item, ":"), *blobs[2];

		blobs[DIRECTION_UP] = strsep(&item, ":");
		blobs[DIRECTION_DOWN] = item;
		for (int d = DIRECTION_UP; d <= DIRECTION_DOWN; d++) {
			char *path = talloc_asprintf(
				set, "m/2026010100000%c_%s.%s.sql", *label,
				label + 1, direction_name((enum direction)d));

			if (strcmp(blobs[d], "-") != 0)
				assert_int_equal(
					set_add(set, path, blobs[d], 0, &err),
					0);
		}
	}
	set_sort(set);
	return set;
}

/* "RULE PATH", with "?" before a warning, one after the other. */
static char *findings(TALLOC_CTX *mem, struct gate *gate)
{
	char *text = talloc_strdup(mem, "");

	gate_check(mem, gate);
	for (size_t i = 0; i < gate->count; i++) {
		const struct gate_finding *f = &gate->findings[i];

		text = talloc_asprintf_append(
			text, "%s%s%s %s", i ? ", " : "", f->warning ? "?" : "",
			gate_rule_name(f->rule), f->err.file + 15);
	}
	gate_release(gate);
	return text;
}

static void check_line(const char *before, const char *now, const char *branch,
		       const char *target, bool protected_,
		       const char *expected)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	const struct set *theirs = make_set(mem, branch);
	const struct gate_other others[] = {
		{ "origin/main", NULL, theirs,
		  theirs->count ? theirs->list[theirs->count - 1].version : -1,
		  false, false },
		{ "dev", NULL, make_set(mem, target), -1, true, protected_ },
	};
	struct gate gate = {
		.before = make_set(mem, before),
		.now = make_set(mem, now),
		.others = others,
		.other_count = 2,
	};

	assert_string_equal(findings(mem, &gate), expected);
	talloc_free(mem);
}

static void check(const char *before, const char *now, const char *branch,
		  const char *expected)
{
	check_line(before, now, branch, "", false, expected);
}

static void pairs_are_whole_and_versions_are_single(void **state)
{
	(void)state;
	check("", "1a:u:d", "", "");
	check("", "1a:u:-", "", "pair 1_a.up.sql");
	check("", "1a:-:d", "", "pair 1_a.down.sql");
	check("", "1a:u:d 1b:u:d", "", "pair 1_b.up.sql");
	check("1a:u:d", "1a:u:d 1b:u:d", "", "pair 1_b.up.sql");
}

static void what_was_there_is_nobodys_fault(void **state)
{
	(void)state;
	check("1a:u:-", "1a:u:- 2b:u:d", "", "");
	check("1a:u:d 1b:u:d", "1a:u:d 1b:u:d 2c:u:d", "", "");
	/* and what comes from the branch that others have */
	check("", "1a:u:- 2b:u:d", "1a:u:-", "");
	check("2b:u:d", "1a:u:d 2b:u:d", "1a:u:d 3c:u:d", "");
}

static void others_have_versions_and_scripts(void **state)
{
	(void)state;
	check("", "1a:u:d", "1b:u:d", "version-taken 1_a.up.sql");
	check("1b:u:d", "1a:u:d", "1b:u:d",
	      "version-taken 1_a.up.sql, removed 1_b.up.sql");
	check("1a:u:d", "1a:x:d", "1a:u:d", "changed 1_a.up.sql");
	check("1a:u:d", "1a:x:y", "1a:u:d",
	      "changed 1_a.up.sql, changed 1_a.down.sql");
	check("", "1a:x:d", "1a:u:d", "changed 1_a.up.sql");
	check("1a:u:d", "", "1a:u:d", "removed 1_a.up.sql");
	/* it is as others have it again, or nobody has it */
	check("1a:x:d", "1a:u:d", "1a:u:d", "");
	check("1a:u:d", "1a:x:d", "", "");
	check("1a:u:d", "", "", "");
	/* the half that it had not changed already */
	check("1a:x:d", "1a:x:y", "1a:u:d", "changed 1_a.down.sql");
	/* a half that others lack is given */
	check("1a:u:-", "1a:u:d", "1a:u:-", "");
}

static void an_older_one_is_told_once(void **state)
{
	(void)state;
	check("", "1a:u:d", "2b:u:d", "?older 1_a.up.sql");
	check("1a:u:d", "1a:x:d", "2b:u:d", "");
	check("", "3a:u:d", "2b:u:d", "");
}

static void targets_warn_or_refuse(void **state)
{
	(void)state;
	check_line("", "1a:x:d", "", "1a:u:d", false, "?changed 1_a.up.sql");
	check_line("1a:u:d", "1a:x:d", "", "1a:u:d", false,
		   "changed 1_a.up.sql");
	check_line("", "1a:x:d", "", "1a:u:d", true, "changed 1_a.up.sql");
	/* a down script that fails has to be mended */
	check_line("1a:u:d", "1a:u:x", "", "1a:u:d", false,
		   "?changed 1_a.down.sql");
	check_line("1a:u:d", "1a:u:x", "", "1a:u:d", true,
		   "changed 1_a.down.sql");
	check_line("1a:u:d", "", "", "1a:u:d", false, "?removed 1_a.up.sql");
	check_line("1a:u:d", "", "", "1a:u:d", true, "removed 1_a.up.sql");
	check_line("", "1b:u:d", "", "1a:u:d", false,
		   "?version-taken 1_b.up.sql");
	check_line("1a:u:d", "1a:u:d", "", "1a:x:d", true, "");
	/* renamed, or another one instead */
	check_line("1a:u:d", "1b:u:d", "", "1a:u:d", false,
		   "?version-taken 1_b.up.sql");
	check_line("1a:u:d", "1b:u:d", "", "1a:u:d", true,
		   "version-taken 1_b.up.sql");
	check_line("1a:u:d", "1b:x:d", "", "1a:u:d", false,
		   "?version-taken 1_b.up.sql, ?removed 1_a.up.sql");
}

static void check_conflict(const char *text, int line)
{
	assert_int_equal(gate_conflict_line(text, strlen(text)), line);
}

static void a_merge_leaves_three_marks(void **state)
{
	(void)state;
	check_conflict("a\n<<<<<<< x\nb\n=======\nc\n>>>>>>> y\n", 2);
	check_conflict("<<<<<<< x\r\n=======\r\n>>>>>>> y\r\n", 1);
	check_conflict("<<<<<<< x\n||||||| z\n=======\n>>>>>>>", 1);
	check_conflict("<<<<<<< x\n=======\n", 0);
	check_conflict("=======\n<<<<<<< x\n>>>>>>> y\n", 0);
	check_conflict("<<<<<<<x\n=======\n>>>>>>>y\n", 0);
	check_conflict("-- <<<<<<< x\n-- =======\n-- >>>>>>> y\n", 0);
	check_conflict("<<<<<<< x\n========\n>>>>>>> y\n", 0);
	check_conflict("", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_whole_and_versions_are_single),
		cmocka_unit_test(what_was_there_is_nobodys_fault),
		cmocka_unit_test(others_have_versions_and_scripts),
		cmocka_unit_test(an_older_one_is_told_once),
		cmocka_unit_test(targets_warn_or_refuse),
		cmocka_unit_test(a_merge_leaves_three_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
