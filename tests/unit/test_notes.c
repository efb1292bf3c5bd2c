#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/thread/notes.h"

#define A "<!-- git-migrate:v1 version=20260101000001 name=a target=dev -->\n"
#define B "<!-- git-migrate:v1 version=20260101000002 name=b target=dev -->\n"
#define AT(time) "<!-- git-migrate:v1 written=" time " -->\n"
#define OPEN "<!-- git-migrate:v1 -->\n"
#define T1 "2026-01-01T00:00:01.000Z"
#define T2 "2026-01-01T00:00:02.000Z"

static void expect(enum note_kind kind, const char *base, const char *ours,
		   const char *theirs, const char *expected)
{
	char *text = note_merge(NULL, kind, base, ours, theirs, NULL);

	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
	talloc_free(text);
}

static void takes_what_one_side_has_changed(void **state)
{
	(void)state;
	for (int i = NOTE_COMMENTS; i <= NOTE_LINES; i++) {
		enum note_kind kind = (enum note_kind)i;

		expect(kind, "x\n", "x\n", "x\n", "x\n");
		expect(kind, "x\n", "x\n", "y\n", "y\n");
		expect(kind, "x\n", "y\n", "x\n", "y\n");
		expect(kind, NULL, NULL, "y\n", "y\n");
		expect(kind, NULL, "y\n", NULL, "y\n");
		/* taken away, and there changed or not */
		expect(kind, "x\n", "x\n", NULL, NULL);
		expect(kind, "x\n", NULL, "x\n", NULL);
		expect(kind, "x\n", NULL, "y\n", "y\n");
		expect(kind, "x\n", "y\n", NULL, "y\n");
	}
}

static void makes_one_list_of_lines(void **state)
{
	(void)state;
	expect(NOTE_LINES, "b\n", "b\nc\n", "a\nb\n", "a\nb\nc\n");
	expect(NOTE_LINES, NULL, "c\na", "b\n\na\n", "a\nb\nc\n");
}

static void keeps_the_comments_of_both(void **state)
{
	(void)state;
	expect(NOTE_COMMENTS, NULL, AT(T1) "mine\n" A, AT(T2) "theirs\n" B,
	       AT(T1) "mine\n" A "\n" AT(T2) "theirs\n" B);
	expect(NOTE_COMMENTS, AT(T1) "old\n" A,
	       AT(T1) "old\n" A "\n" AT(T1) "mine\n" B,
	       "by hand\n" AT(T2) "new\n" A,
	       AT(T2) "new\n" A "\n" AT(T1) "mine\n" B "by hand\n");
}

static void of_two_with_one_marker_the_newer_stands(void **state)
{
	(void)state;
	/* changed on one side alone: whatever the clocks say */
	expect(NOTE_COMMENTS, AT(T2) "old\n" A,
	       AT(T2) "old\n" A "\n" AT(T2) "other\n" B, AT(T1) "new\n" A,
	       AT(T1) "new\n" A "\n" AT(T2) "other\n" B);
	/* of no known shape: what the other one said stands below */
	expect(NOTE_COMMENTS, NULL, AT(T1) "one\n" A, AT(T2) "two\n" A,
	       AT(T2) "two\n" A "one\n");
	expect(NOTE_COMMENTS, NULL, AT(T2) "one\n" A, AT(T1) "two\n" A,
	       AT(T2) "one\n" A "two\n");
	expect(NOTE_COMMENTS, AT(T1) "old\n" A, AT(T1) "old\none\n" A,
	       AT(T2) "two\n" A, AT(T2) "two\n" A "one\n");
	/* the same one on both sides where there is no telling */
	expect(NOTE_COMMENTS, NULL, OPEN "one\n" A, OPEN "two\n" A,
	       OPEN "two\n" A "one\n");
	expect(NOTE_COMMENTS, NULL, OPEN "two\n" A, OPEN "one\n" A,
	       OPEN "two\n" A "one\n");
}

#define BODY(task, notes, rows, tested, testing, gotchas)                      \
	"✅ **" task "Add a**\n**Commit**: `c`\n\n" notes                       \
	"**Migration Details:**\n- Row counts: " rows                          \
	"\n- Rollback tested: " tested "\n\n**Safety Measures Taken:**\n"      \
	"- Testing: " testing "\n\n**Patterns Discovered:**\n"                 \
	"- none noted\n\n**Gotchas Encountered:**\n" gotchas                   \
	"\n**Performance Notes:**\n- Data volume: 1\n\n"                       \
	"**For Next Migrations:**\n- none noted\n\n" A

#define NO "NO (not proven; `git migrate prove 20260101000001` does)"
#define YES "YES (`git migrate prove` on a scratch SQLite 3.40, now)"
#define UNTESTED "rollback not tested"
#define TESTED "up 1 ms, down 1 ms: no difference"

static void what_two_people_wrote_into_one_is_joined(void **state)
{
	(void)state;
	expect(NOTE_COMMENTS, NULL,
	       AT(T1) BODY("", "First words.\n\n", "1", NO, UNTESTED,
			   "- from ann\n"),
	       AT(T2) BODY("", "Other words.\n\n", "2", NO, UNTESTED,
			   "- from bob\n"),
	       AT(T2) BODY("", "Other words.\n\nFirst words.\n\n", "2", NO,
			   UNTESTED, "- from bob\n- from ann\n"));
	/* the other way round it is the same */
	expect(NOTE_COMMENTS, NULL,
	       AT(T2) BODY("", "", "2", NO, UNTESTED, "- from bob\n"),
	       AT(T1) BODY("", "", "1", NO, UNTESTED, "- from ann\n"),
	       AT(T2) BODY("", "", "2", NO, UNTESTED,
			   "- from bob\n- from ann\n"));
	/* what one has taken away is not brought back by the other */
	expect(NOTE_COMMENTS,
	       AT(T1) BODY("", "One.\n\nTwo.\n\n", "1", NO, UNTESTED,
			   "- old\n- both\n"),
	       AT(T1) BODY("", "One.\n\nMine.\n\n", "1", NO, UNTESTED,
			   "- both\n- mine\n"),
	       AT(T2) BODY("", "One.\n\nTwo.\n\n", "2", NO, UNTESTED,
			   "- old\n- both\n- theirs\n  again\n"),
	       AT(T2) BODY("", "One.\n\nMine.\n\n", "2", NO, UNTESTED,
			   "- both\n- theirs\n  again\n- mine\n"));
	/* and of two tasks the other one is noted */
	expect(NOTE_COMMENTS, NULL,
	       AT(T1) BODY("Task a-1**: **", "", "1", NO, UNTESTED,
			   "- none noted\n"),
	       AT(T2) BODY("Task b-2**: **", "", "1", NO, UNTESTED,
			   "- none noted\n"),
	       AT(T2) BODY("Task b-2**: **", "Task: a-1\n\n", "1", NO, UNTESTED,
			   "- none noted\n"));
}

static void who_lacked_the_proof_does_not_take_it_away(void **state)
{
	(void)state;
	expect(NOTE_COMMENTS, NULL,
	       AT(T1) BODY("", "", "1", YES, TESTED, "- none noted\n"),
	       AT(T2) BODY("", "", "2", NO, UNTESTED, "- none noted\n"),
	       AT(T2) BODY("", "", "2", YES, TESTED, "- none noted\n"));
	/* one that was tried and failed is no lack of a proof */
	expect(NOTE_COMMENTS, NULL,
	       AT(T1) BODY("", "", "1", YES, TESTED, "- none noted\n"),
	       AT(T2) BODY("", "", "2", "NO (a script failed)", "failed",
			   "- none noted\n"),
	       AT(T2) BODY("", "", "2", "NO (a script failed)", "failed",
			   "- none noted\n"));
	expect(NOTE_COMMENTS, NULL,
	       AT(T1) BODY("", "", "1", "STALE (before)", TESTED,
			   "- none noted\n"),
	       AT(T2) BODY("", "", "2", NO, UNTESTED, "- none noted\n"),
	       AT(T2) BODY("", "", "2", NO, UNTESTED, "- none noted\n"));
}

#define OF(a, b) "; scripts `" a "` and `" b "`)"

static void a_proof_of_other_scripts_is_not_taken_over(void **state)
{
	const char *yes = AT(T1) BODY("", "", "1", "YES (then" OF("1a", "1b"),
				      TESTED, "- none noted\n");

	(void)state;
	expect(NOTE_COMMENTS, NULL, yes,
	       AT(T2) BODY("", "", "2", "NO (not proven; x" OF("1a", "1b"),
			   UNTESTED, "- none noted\n"),
	       AT(T2) BODY("", "", "2", "YES (then" OF("1a", "1b"), TESTED,
			   "- none noted\n"));
	expect(NOTE_COMMENTS, NULL, yes,
	       AT(T2) BODY("", "", "2", "NO (not proven; x" OF("1a", "2b"),
			   UNTESTED, "- none noted\n"),
	       AT(T2) BODY("", "", "2", "NO (not proven; x" OF("1a", "2b"),
			   UNTESTED, "- none noted\n"));
}

static void tells_what_was_joined(void **state)
{
	struct note_joined joined = { .mem = talloc_new(NULL) };
	char *text;

	(void)state;
	text = note_merge(joined.mem, NOTE_COMMENTS, NULL,
			  AT(T1) BODY("", "", "1", NO, UNTESTED, "- mine\n"),
			  AT(T2) BODY("", "", "2", NO, UNTESTED, "- mine\n"),
			  &joined);
	assert_non_null(text);
	assert_int_equal(joined.count, 0);
	text = note_merge(joined.mem, NOTE_COMMENTS, NULL,
			  AT(T1) BODY("", "", "1", NO, UNTESTED, "- mine\n"),
			  AT(T2) BODY("", "", "2", NO, UNTESTED, "- theirs\n"),
			  &joined);
	assert_non_null(text);
	assert_int_equal(joined.count, 1);
	assert_string_equal(joined.list[0], "20260101000001_a on 'dev'");
	talloc_free(joined.mem);
}

static void a_marker_that_is_quoted_is_text(void **state)
{
	(void)state;
	expect(NOTE_COMMENTS, NULL, AT(T1) "mine\n" A, "> " A,
	       AT(T1) "mine\n" A "> " A);
}

static void knows_its_refs(void **state)
{
	(void)state;
	assert_int_equal(note_kind_of("refs/notes/migrate"), NOTE_COMMENTS);
	assert_int_equal(note_kind_of("refs/notes/migrate-proofs"), NOTE_LINES);
	assert_true(note_ref_is_ours("migrate"));
	assert_true(note_ref_is_ours("migrate-proofs"));
	assert_false(note_ref_is_ours("migrated"));
	assert_false(note_ref_is_ours("migrate-"));
	assert_false(note_ref_is_ours("migrate-a/b"));
	assert_false(note_ref_is_ours("commits"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_one_side_has_changed),
		cmocka_unit_test(makes_one_list_of_lines),
		cmocka_unit_test(keeps_the_comments_of_both),
		cmocka_unit_test(of_two_with_one_marker_the_newer_stands),
		cmocka_unit_test(what_two_people_wrote_into_one_is_joined),
		cmocka_unit_test(who_lacked_the_proof_does_not_take_it_away),
		cmocka_unit_test(a_proof_of_other_scripts_is_not_taken_over),
		cmocka_unit_test(tells_what_was_joined),
		cmocka_unit_test(a_marker_that_is_quoted_is_text),
		cmocka_unit_test(knows_its_refs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
