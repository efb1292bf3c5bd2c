#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/facts.h"

static struct facts *make_facts(TALLOC_CTX *mem)
{
	static const char *relations[] = { "t", "other.u" };
	struct facts *facts = facts_new(mem, 20260101000001, "add_t",
					DIRECTION_UP);
	struct fact_statement *s = facts_add_statement(facts);
	struct fact_table *t = facts_table(facts, "t");

	facts->ok = true;
	facts->started_us = 1767225600123456;
	facts->duration_ms = 12.3456;
	facts->lock_ms = 2;
	s->kind = "INSERT";
	s->relations = relations;
	s->relation_count = 2;
	s->rows = 7;
	s->duration_ms = 0.05;
	t->rows_after = 7;
	facts_add_lock(facts, "x.db", "RESERVED", 0);
	facts->locks[0].held_ms = 2;
	return facts;
}

static void assert_text(const struct facts *facts, const char *wanted)
{
	char *text = facts_text(NULL, facts);

	assert_string_equal(text, wanted);
	talloc_free(text);
}

static void writes_compact_json(void **state)
{
	struct facts *facts = make_facts(*state);

	assert_text(facts,
		    "{\"version\":\"20260101000001\",\"name\":\"add_t\","
		    "\"direction\":\"up\",\"outcome\":\"ok\","
		    "\"started_at\":\"2026-01-01T00:00:00.123Z\","
		    "\"duration_ms\":12.346,\"lock_ms\":2.0,\"statements\":["
		    "{\"index\":1,\"kind\":\"INSERT\","
		    "\"relations\":[\"t\",\"other.u\"],\"rows\":7,"
		    "\"duration_ms\":0.05}],\"tables\":[{\"name\":\"t\","
		    "\"rows_before\":null,\"rows_after\":7,"
		    "\"estimated\":false}],\"locks\":[{\"relation\":\"x.db\","
		    "\"mode\":\"RESERVED\",\"held_ms\":2.0,"
		    "\"held_bound_ms\":null,\"waited_ms\":null,"
		    "\"from_ms\":0.0,\"statement\":0,\"rewrite\":false,"
		    "\"scan\":false}],\"victims\":[]}");
}

static void writes_empty_lists(void **state)
{
	struct facts *facts = facts_new(*state, 1, "x", DIRECTION_DOWN);

	facts->started_us = 1767225600000000;
	facts->error = "no";
	facts->repair = "forgotten";
	assert_text(
		facts,
		"{\"version\":\"00000000000001\",\"name\":\"x\","
		"\"direction\":\"down\",\"outcome\":\"failed\","
		"\"started_at\":\"2026-01-01T00:00:00.000Z\","
		"\"duration_ms\":0.0,\"lock_ms\":0.0,"
		"\"statements\":[],\"tables\":[],\"locks\":[],"
		"\"victims\":[],\"error\":\"no\",\"repair\":\"forgotten\"}");
}

static struct facts *observed_facts(TALLOC_CTX *mem)
{
	struct facts *facts = make_facts(mem);
	struct fact_statement *s = &facts->statements[0];
	struct fact_effect *e = facts_add_effect(facts, s, "t");
	struct fact_victim *v = facts_add_victim(facts, 4711, 1000000);
	struct fact_lock *l = &facts->locks[0];

	s->waited_ms = 3;
	s->waited_bound_ms = 0.5;
	s->wal_bytes = 8192;
	s->algorithm = "COPY";
	*e = (struct fact_effect){ e->relation, true, 6, 1, 7, 14000, 1, 2, 3 };
	l->bound_ms = 0.25;
	l->waited_ms = 3;
	l->from_ms = 1.5;
	l->statement = 1;
	l->rewrite = l->scan = true;
	v->user = "app";
	v->relation = "t";
	v->mode = "RowExclusiveLock";
	v->from_ms = 2;
	v->waited_ms = 99.5;
	v->bound_ms = 20;
	v->outcome = "served";
	facts->observed_ms = 0.75;
	facts_add_gap(facts, "what others ask for is hidden");
	facts_add_gap(facts, "what others ask for is hidden");
	return facts;
}

static void what_was_observed_comes_back(void **state)
{
	struct facts *facts = observed_facts(*state);
	char *text = facts_text(*state, facts);
	json_t *json = json_loads(text, 0, NULL);
	struct error err = { 0 };
	struct facts *back = facts_from_json(*state, json, &err);

	assert_non_null(back);
	assert_string_equal(facts_text(*state, back), text);
	assert_int_equal(back->statements[0].effects[0].rows_scanned, 14000);
	assert_int_equal(back->gap_count, 1);
	assert_null(back->victims[0].application);
	json_decref(json);
}

/* As a version before wrote it. */
static void what_was_not_measured_stays_unknown(void **state)
{
	static const char text[] =
		"{\"version\":\"20260101000001\",\"name\":\"x\","
		"\"direction\":\"up\",\"outcome\":\"ok\","
		"\"statements\":[{\"index\":1,\"kind\":\"INSERT\"}],"
		"\"locks\":[{\"relation\":\"t\",\"mode\":\"X\","
		"\"held_ms\":2.0}]}";
	json_t *json = json_loads(text, 0, NULL);
	struct error err = { 0 };
	struct facts *facts = facts_from_json(*state, json, &err);

	assert_non_null(facts);
	assert_true(facts->locks[0].bound_ms < 0);
	assert_true(facts->locks[0].waited_ms < 0);
	assert_int_equal(facts->statements[0].wal_bytes, -1);
	json_decref(json);
}

/* The same wait is asked for again and again. */
static void a_wait_is_told_once(void **state)
{
	struct facts *facts = make_facts(*state);
	struct fact_victim *one = facts_add_victim(facts, 7, 1000000);

	assert_ptr_equal(facts_add_victim(facts, 7, 1000900), one);
	facts_add_victim(facts, 7, 1500000);
	facts_add_victim(facts, 8, 1000000);
	assert_int_equal(facts->victim_count, 3);
	for (int i = 0; i < 2000; i++)
		facts_add_victim(facts, 9 + i, 1000000);
	assert_int_equal(facts->victim_count, 1000);
	assert_int_equal(facts->victims_seen, 2003);
}

/* What a name or a message may contain comes back as it was. */
static void strings_survive(void **state)
{
	static const char *const names[] = {
		"",
		"a\"b\\c/d",
		"line\nand\ttab\r\b\f\001\037\177",
		"é€😀",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct facts *facts = make_facts(*state), *back;
		struct error err = { 0 };
		json_t *json;

		facts_table(facts, names[i]);
		facts->error = names[i];
		json = facts_json(facts);
		assert_non_null(json);
		back = facts_from_json(*state, json, &err);
		json_decref(json);
		assert_non_null(back);
		assert_string_equal(back->tables[1].name, names[i]);
		assert_string_equal(back->error, names[i]);
		assert_string_equal(back->statements[0].relations[1],
				    "other.u");
		assert_int_equal(back->tables[0].rows_before, -1);
		assert_int_equal(back->tables[0].rows_after, 7);
		assert_true(back->duration_ms == 12.346);
	}
}

static void bytes_that_are_no_text_become_visible(void **state)
{
	struct facts *facts = make_facts(*state);
	json_t *json;

	facts->error = "bad \xff byte";
	json = facts_json(facts);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "error")),
			    "bad \\xFF byte");
	json_decref(json);
}

/* Both ways of writing a run are one: the same text comes out of both. */
static void is_what_the_json_library_writes(void **state)
{
	struct facts *facts = make_facts(*state);
	json_t *json = facts_json(facts);
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));

	assert_text(facts, text);
	free(text);
	json_decref(json);
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
		TEST(writes_compact_json),
		TEST(writes_empty_lists),
		TEST(what_was_observed_comes_back),
		TEST(what_was_not_measured_stays_unknown),
		TEST(a_wait_is_told_once),
		TEST(strings_survive),
		TEST(bytes_that_are_no_text_become_visible),
		TEST(is_what_the_json_library_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
