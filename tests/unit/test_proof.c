#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/db/catalog.h"
#include "core/run/proof.h"

static struct catalog *make_catalog(const char *const (*objects)[3])
{
	struct catalog *catalog = catalog_new(NULL);

	for (int i = 0; objects[i][0]; i++)
		catalog_add(catalog, objects[i][0], objects[i][1],
			    objects[i][2], 0);
	catalog_sort(catalog);
	return catalog;
}

static void compares_object_by_object(void **state)
{
	static const char *const before_list[][3] = {
		{ "table", "t", "plain" },
		{ "column", "t.a", "int" },
		{ "column", "t.b", "text" },
		{ NULL, NULL, NULL },
	};
	static const char *const after_list[][3] = {
		{ "column", "t.a", "bigint" },
		{ "table", "t", "plain" },
		{ "index", "i", "(a)" },
		{ NULL, NULL, NULL },
	};
	struct catalog *before = make_catalog(before_list);
	struct catalog *after = make_catalog(after_list);
	struct difference *d;
	size_t count;

	(void)state;
	d = catalog_compare(before, before, after, &count);
	assert_int_equal(count, 3);
	assert_string_equal(d[0].name, "t.a");
	assert_string_equal(d[0].before, "int");
	assert_string_equal(d[0].after, "bigint");
	assert_string_equal(d[1].name, "t.b");
	assert_null(d[1].after);
	assert_string_equal(d[2].name, "i");
	assert_null(d[2].before);
	talloc_free(before);
	talloc_free(after);
}

static void order_is_reported_but_no_part_of_the_fingerprint(void **state)
{
	struct catalog *a = catalog_new(NULL), *b = catalog_new(NULL);
	char *first, *second;
	struct difference *d;
	size_t count;

	(void)state;
	catalog_add(a, "column", "t.a", "int", 1);
	catalog_add(b, "column", "t.a", "int", 2);
	d = catalog_compare(a, a, b, &count);
	assert_int_equal(count, 1);
	assert_true(d[0].order_only);
	first = catalog_fingerprint(a, a);
	second = catalog_fingerprint(a, b);
	assert_string_equal(first, second);
	assert_int_equal(strlen(first), 64);
	catalog_add(b, "column", "t.b", "int", 1);
	second = catalog_fingerprint(a, b);
	assert_string_not_equal(first, second);
	talloc_free(a);
	talloc_free(b);
}

static struct proof example(void)
{
	return (struct proof){
		.version = 20260101000001,
		.name = "n",
		.up_blob = "u1",
		.down_blob = "d1",
		.engine = "sqlite",
		.major = 3,
		.schema = "s",
		.history = "h",
		.at = "2026-01-01T00:00:00.000Z",
		.tool = "1",
		.up_ms = 1,
		.down_ms = 2,
		.again_ms = -1,
	};
}

static enum proof_state judge(const char *note, const char *down,
			      const char *history, int major)
{
	struct proofs *proofs = proofs_new(NULL);
	struct migration m = {
		.version = 20260101000001,
		.name = "n",
		.half = { { .path = "u", .blob = "u1" },
			  { .path = "d", .blob = down } },
	};
	enum proof_state result;

	proofs_add(proofs, "u1", note, strlen(note));
	result = proofs_judge(proofs, &m, history, "sqlite", major, NULL);
	talloc_free(proofs);
	return result;
}

static void a_proof_is_valid_for_its_whole_key(void **state)
{
	struct proof proof = example();
	char *note = proof_note(NULL, NULL, &proof);

	(void)state;
	assert_int_equal(judge(note, "d1", "h", 3), PROOF_VALID);
	assert_int_equal(judge(note, "d2", "h", 3), PROOF_STALE);
	assert_int_equal(judge(note, "d1", "other", 3), PROOF_STALE);
	assert_int_equal(judge(note, "d1", "h", 4), PROOF_STALE);
	assert_int_equal(judge("", "d1", "h", 3), PROOF_NONE);
	assert_int_equal(judge("not json\n", "d1", "h", 3), PROOF_NONE);
	talloc_free(note);
}

static void the_newest_proof_with_the_same_key_stays(void **state)
{
	struct proof proof = example();
	char *note = proof_note(NULL, NULL, &proof), *more;

	(void)state;
	proof.outcome = PROOF_DIFFERS;
	proof.at = "2026-01-02T00:00:00.000Z";
	more = proof_note(NULL, note, &proof);
	assert_int_equal(judge(more, "d1", "h", 3), PROOF_NONE);
	assert_null(strstr(more, "proven"));
	talloc_free(note);
	proof.down_blob = "d2";
	proof.outcome = PROOF_PROVEN;
	note = proof_note(NULL, more, &proof);
	assert_int_equal(judge(note, "d2", "h", 3), PROOF_VALID);
	assert_int_equal(judge(note, "d1", "h", 3), PROOF_NONE);
	talloc_free(note);
	talloc_free(more);
}

static void the_history_is_a_chain(void **state)
{
	struct set *set = set_new(NULL);
	struct error err = { 0 };
	const char **before, **after;

	(void)state;
	set_add(set, "m/20260101000001_a.up.sql", "u1", 0, &err);
	set_add(set, "m/20260101000002_b.up.sql", "u2", 0, &err);
	set_add(set, "m/20260101000003_c.up.sql", "u3", 0, &err);
	set_sort(set);
	before = proof_histories(set, set);
	assert_string_equal(before[0], "");
	set->list[1].half[DIRECTION_UP].blob = "changed";
	after = proof_histories(set, set);
	assert_string_equal(before[1], after[1]);
	assert_string_not_equal(before[2], after[2]);
	talloc_free(set);
}

static void says_what_has_changed(void **state)
{
	struct proof proof = example();
	struct migration m = {
		.version = 20260101000001,
		.half = { { .blob = "u1" }, { .blob = "d1" } },
	};
	const char *texts[PROOF_CHANGES];
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	assert_int_equal(
		proof_changes(mem, &proof, &m, "h", "sqlite", 3, texts), 0);
	m.half[DIRECTION_UP].blob = "u2";
	m.half[DIRECTION_DOWN].blob = "d2";
	assert_int_equal(
		proof_changes(mem, &proof, &m, "h2", "sqlite", 4, texts), 4);
	assert_string_equal(texts[0], "up script changed");
	assert_string_equal(texts[1], "down script changed");
	assert_string_equal(texts[2], "earlier migrations changed");
	assert_string_equal(texts[3], "engine 3 -> 4");
	m = (struct migration){
		.version = 20260101000002,
		.half = { { .blob = "u1" }, { .blob = "d1" } },
	};
	assert_int_equal(
		proof_changes(mem, &proof, &m, "h", "postgresql", 15, texts),
		2);
	assert_string_equal(texts[0], "engine sqlite -> postgresql");
	assert_string_equal(texts[1], "version changed");
	talloc_free(mem);
}

static void finds_a_stale_proof_by_its_version(void **state)
{
	struct proof proof = example();
	struct proofs *proofs = proofs_new(NULL);
	char *note = proof_note(proofs, NULL, &proof);
	struct migration m = {
		.version = 20260101000001,
		.half = { { .blob = "u2" }, { .blob = "d1" } },
	};
	const struct proof *best;

	(void)state;
	proofs_add(proofs, "u1", note, strlen(note));
	assert_int_equal(proofs_judge(proofs, &m, "h", "sqlite", 3, &best),
			 PROOF_STALE);
	assert_string_equal(best->up_blob, "u1");
	m.version++;
	assert_int_equal(proofs_judge(proofs, &m, "h", "sqlite", 3, &best),
			 PROOF_NONE);
	assert_null(best);
	talloc_free(proofs);
}

static bool are_same(const struct catalog *a, const struct catalog *b)
{
	struct difference *d;
	size_t count;

	d = catalog_compare(NULL, a, b, &count);
	talloc_free(d);
	return !count && a->count == b->count;
}

static void a_step_leads_on_and_back(void **state)
{
	static const char *const before_list[][3] = {
		{ "table", "t", "plain" },   { "column", "t.a", "int" },
		{ "column", "t.b", "text" }, { "view", "v", "one" },
		{ NULL, NULL, NULL },
	};
	static const char *const after_list[][3] = {
		{ "column", "t.a", "bigint" }, { "table", "t", "plain" },
		{ "index", "i", "(a)" },       { "view", "w", "one" },
		{ "view", "v", "one" },	       { NULL, NULL, NULL },
	};
	struct catalog *before = make_catalog(before_list);
	struct catalog *after = make_catalog(after_list);
	struct catalog_step *step = catalog_step_new(NULL, before, after);

	(void)state;
	assert_false(are_same(before, after));
	assert_true(are_same(catalog_step_back(step, step, after), before));
	assert_true(are_same(catalog_step_on(step, step, before), after));
	assert_string_equal(catalog_find(after, "view", "v")->definition,
			    "one");
	assert_null(catalog_find(after, "view", "x"));
	assert_null(catalog_find(after, "zone", "v"));
	talloc_free(step);
	talloc_free(before);
	talloc_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_object_by_object),
		cmocka_unit_test(
			order_is_reported_but_no_part_of_the_fingerprint),
		cmocka_unit_test(a_proof_is_valid_for_its_whole_key),
		cmocka_unit_test(the_newest_proof_with_the_same_key_stays),
		cmocka_unit_test(the_history_is_a_chain),
		cmocka_unit_test(says_what_has_changed),
		cmocka_unit_test(finds_a_stale_proof_by_its_version),
		cmocka_unit_test(a_step_leads_on_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
