#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/renumber.h"
#include "core/run/proof.h"
#include "tests/unit/states_bed.h"

#define EPOCH INT64_C(20260101000000)
#define FIRST (EPOCH + 50)

/* "3a>50 5>51": what gets which version. */
static void expect(const char *here, const char *theirs, int64_t version,
		   const char *expected)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct set *ours = make_set(here), *others = make_set(theirs);
	struct renumber_request r = {
		.here = ours,
		.theirs = others,
		.theirs_name = "origin/main",
		.versions = &version,
		.count = version ? 1 : 0,
		.first = FIRST,
	};
	char *text = talloc_strdup(mem, "");
	struct renumbering *list;
	struct error err = { 0 };
	size_t count;

	assert_int_equal(renumber_plan(mem, &r, &list, &count, &err), 0);
	for (size_t i = 0; i < count; i++)
		text = talloc_asprintf_append(text, "%s%d%s>%d", i ? " " : "",
					      (int)(list[i].m->version - EPOCH),
					      list[i].m->name,
					      (int)(list[i].to - EPOCH));
	assert_string_equal(text, expected);
	talloc_free(ours);
	talloc_free(others);
	talloc_free(mem);
}

static void moves_what_is_older_than_theirs(void **state)
{
	(void)state;
	expect("1:u:d:a 2:u:d:b", "1:u:d:a", 0, "");
	expect("1:u:d:a 2:u:d:b", "1:u:d:a 3:u:d:c", 0, "2b>50");
	/* with all that is newer of ours, in its order */
	expect("1:u:d:a 2:u:d:b 4:u:d:d 5:u:d:e", "1:u:d:a 3:u:d:c", 0,
	       "2b>50 4d>51 5e>52");
	expect("1:u:d:a 2:u:d:b 3:u:d:c 4:u:d:d", "1:u:d:a 3:u:d:c", 0,
	       "2b>50 4d>51");
	expect("1:u:d:a 2:u:d:b", "", 0, "");
}

static void moves_what_has_the_version_of_another(void **state)
{
	(void)state;
	expect("1:u:d:a 2:u:d:b 2:u:d:c", "1:u:d:a 2:u:d:b", 0, "2c>50");
	expect("1:u:d:a 2:u:d:c", "1:u:d:a 2:u:d:b", 0, "2c>50");
	expect("1:u:d:a 2:u:d:b 2:u:d:c 3:u:d:d", "1:u:d:a", 0, "2c>50 3d>51");
}

static void moves_what_is_asked_for(void **state)
{
	(void)state;
	expect("1:u:d:a 2:u:d:b 3:u:d:c", "1:u:d:a", EPOCH + 2, "2b>50");
}

static void expect_refusal(int64_t version, int code, const char *message)
{
	struct set *ours = make_set("1:u:d:a 2:u:d:b");
	struct set *others = make_set("1:u:d:a");
	struct renumber_request r = { ours, others, "origin/main", &version,
				      1,    0,	    FIRST };
	struct renumbering *list;
	struct error err = { 0 };
	size_t count;

	assert_int_equal(renumber_plan(ours, &r, &list, &count, &err), -1);
	assert_int_equal(err.code, code);
	assert_string_equal(err.message, message);
	error_release(&err);
	talloc_free(ours);
	talloc_free(others);
}

static void refuses_what_others_have(void **state)
{
	(void)state;
	expect_refusal(EPOCH + 1, ERROR_REFUSED,
		       "migration '20260101000001_a' is in 'origin/main': "
		       "others have it under this version");
	expect_refusal(EPOCH + 9, ERROR_FAILED,
		       "there is no migration 20260101000009 here");
}

static void tells_where_a_proof_holds_on(void **state)
{
	struct set *here = make_set("1:u1:d1:a 2:u2:d2:b 3:u3:d3:c");
	struct renumbering last = { set_find(here, EPOCH + 3), FIRST };
	struct renumbering middle = { set_find(here, EPOCH + 2), FIRST };
	struct set *same = renumber_set(here, here, &last, 1);
	struct set *other = renumber_set(here, here, &middle, 1);

	(void)state;
	assert_string_equal(set_find(same, FIRST)->half[0].path,
			    "m/20260101000050_c.up.sql");
	assert_true(renumber_same_before(here, last.m, same,
					 set_find(same, FIRST)));
	assert_false(renumber_same_before(here, middle.m, other,
					  set_find(other, FIRST)));
	assert_false(renumber_same_before(here, last.m, other,
					  set_find(other, EPOCH + 3)));
	talloc_free(here);
}

static void moves_a_proof_to_another_version(void **state)
{
	struct set *was = make_set("2:u2:d2:b"), *now = make_set("7:u2:d2:b");
	struct proof_move move = { was->list, now->list, "old", "new" };
	char *note = proof_note_move(
		was,
		"{\"down_blob\":\"d2\",\"history\":\"old\",\"name\":\"b\","
		"\"up_blob\":\"u2\",\"version\":\"20260101000002\"}\n"
		"{\"down_blob\":\"dx\",\"history\":\"old\",\"name\":\"b\","
		"\"up_blob\":\"u2\",\"version\":\"20260101000002\"}\n"
		"no proof\n",
		&move);

	(void)state;
	assert_string_equal(
		note,
		"{\"down_blob\":\"d2\",\"history\":\"new\",\"name\":\"b\","
		"\"up_blob\":\"u2\",\"version\":\"20260101000007\"}\n"
		"{\"down_blob\":\"dx\",\"history\":\"old\",\"name\":\"b\","
		"\"up_blob\":\"u2\",\"version\":\"20260101000002\"}\n"
		"no proof\n");
	talloc_free(was);
	talloc_free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_what_is_older_than_theirs),
		cmocka_unit_test(moves_what_has_the_version_of_another),
		cmocka_unit_test(moves_what_is_asked_for),
		cmocka_unit_test(refuses_what_others_have),
		cmocka_unit_test(tells_where_a_proof_holds_on),
		cmocka_unit_test(moves_a_proof_to_another_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
