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
		    "\"mode\":\"RESERVED\",\"held_ms\":2.0}]}");
}

static void writes_empty_lists(void **state)
{
	struct facts *facts = facts_new(*state, 1, "x", DIRECTION_DOWN);

	facts->started_us = 1767225600000000;
	facts->error = "no";
	facts->repair = "forgotten";
	assert_text(facts, "{\"version\":\"00000000000001\",\"name\":\"x\","
			   "\"direction\":\"down\",\"outcome\":\"failed\","
			   "\"started_at\":\"2026-01-01T00:00:00.000Z\","
			   "\"duration_ms\":0.0,\"lock_ms\":0.0,"
			   "\"statements\":[],\"tables\":[],\"locks\":[],"
			   "\"error\":\"no\",\"repair\":\"forgotten\"}");
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
		TEST(strings_survive),
		TEST(bytes_that_are_no_text_become_visible),
		TEST(is_what_the_json_library_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
