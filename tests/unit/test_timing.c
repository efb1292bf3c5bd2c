#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/run/timing.h"

/* A run of two statements, the first on users, the second on a small table,
   with a lock taken by each. */
static struct facts *example(int64_t rows)
{
	struct facts *f = facts_new(NULL, 1, "n", DIRECTION_DOWN);
	struct fact_statement *s;
	struct fact_effect *e;

	f->duration_ms = 130;
	facts_table(f, "users")->rows_before = rows;
	facts_table(f, "small")->rows_before = 10;
	s = facts_add_statement(f);
	s->index = 1;
	s->kind = "ALTER TABLE";
	s->duration_ms = 100;
	e = facts_add_effect(f, s, "public.users");
	e->rewritten = true;
	s = facts_add_statement(f);
	s->index = 2;
	s->kind = "CREATE TABLE";
	s->duration_ms = 20;
	s->rows = -1;
	facts_add_lock(f, "users", "AccessExclusiveLock", 0)->statement = 1;
	facts_add_lock(f, "small", "ShareLock", 0)->statement = 2;
	f->locks[0].held_ms = 125;
	f->locks[1].held_ms = 22;
	return f;
}

static struct timing *scaled(struct facts *f, int64_t target_rows)
{
	struct timing *t = timing_new(f, f);

	for (size_t i = 0; i < t->table_count; i++)
		if (!strcmp(t->tables[i].name, "users"))
			t->tables[i].target_rows = target_rows;
	timing_scale(t);
	return t;
}

static void grows_with_the_rows_that_are_gone_through(void **state)
{
	struct facts *f = example(1000);
	struct timing *t = scaled(f, 20000);

	(void)state;
	assert_true(t->tables[0].worked);
	assert_false(t->tables[1].worked);
	/* 130 + 100 * 19 */
	assert_float_equal(t->expected_ms, 2030, 0.01);
	assert_float_equal(t->locks[0].expected_ms, 2025, 0.01);
	assert_string_equal(t->locks[0].table->name, "users");
	/* it was taken when the long statement was over */
	assert_float_equal(t->locks[1].expected_ms, 22, 0.01);
	assert_null(t->locks[1].table);
	assert_string_equal(timing_table_text(f, t->table),
			    "from 1,000 rows of users on scratch to 20,000 on "
			    "the target: × 20");
	talloc_free(f);
}

static void concludes_nothing_from_few_rows(void **state)
{
	struct facts *f = example(999);
	struct timing *t = scaled(f, 20000);

	(void)state;
	assert_float_equal(t->expected_ms, -1, 0);
	assert_float_equal(t->locks[0].expected_ms, -1, 0);
	assert_string_equal(timing_table_text(f, t->table),
			    "not enough rows of users to tell: 999 on scratch, "
			    "20,000 on the target");
	talloc_free(f);
}

static void does_not_scale_where_there_are_no_more(void **state)
{
	struct facts *f = example(999);

	(void)state;
	assert_float_equal(scaled(f, 999)->expected_ms, 130, 0);
	assert_float_equal(scaled(f, -1)->expected_ms, 130, 0);
	/* made by the script: there is nothing to compare with */
	f->tables[0].rows_before = -1;
	assert_float_equal(scaled(f, 5000000)->expected_ms, 130, 0);
	talloc_free(f);
}

static void takes_the_word_of_a_lock_for_it(void **state)
{
	struct facts *f = example(1000);
	struct timing *t;

	(void)state;
	f->statements[0].effect_count = 0;
	f->statements[0].rows = -1;
	assert_float_equal(scaled(f, 4000)->locks[0].expected_ms, 125, 0);
	f->locks[0].rewrite = true;
	t = scaled(f, 4000);
	assert_true(t->tables[0].worked);
	assert_float_equal(t->locks[0].expected_ms, 500, 0.01);
	talloc_free(f);
}

static void is_read_back(void **state)
{
	struct facts *f = example(1000);
	json_t *json = timing_json(scaled(f, 20000)), *none = timing_json(NULL);
	struct timing *t = timing_read(f, json);

	(void)state;
	assert_float_equal(t->expected_ms, 2030, 0.01);
	assert_int_equal(timing_rows(t, "users"), 1000);
	assert_int_equal(timing_rows(t, "public.small"), 10);
	assert_int_equal(timing_rows(t, "other"), -1);
	assert_int_equal(timing_rows(NULL, "users"), -1);
	assert_null(timing_read(f, none));
	json_decref(json);
	json_decref(none);
	talloc_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_with_the_rows_that_are_gone_through),
		cmocka_unit_test(concludes_nothing_from_few_rows),
		cmocka_unit_test(does_not_scale_where_there_are_no_more),
		cmocka_unit_test(takes_the_word_of_a_lock_for_it),
		cmocka_unit_test(is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
