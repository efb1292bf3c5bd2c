#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/ledger.h"
#include "tests/unit/postgres_server.h"

/* A script whose beginning goes along with the commit before it. */

struct fixture {
	struct db *db;
	struct script *script;
	struct facts *facts;
};

static int fresh(void **state)
{
	struct fixture *f = talloc_zero(NULL, struct fixture);
	struct error err = { 0 };

	f->db = pgt_open(f, pgt_database(f));
	assert_ok(f->db->engine->lock(f->db, &err), &err);
	assert_ok(ledger_create(f->db, &err), &err);
	*state = f;
	return 0;
}

static int done(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };

	assert_ok(f->db->engine->unlock(f->db, &err), &err);
	talloc_free(f);
	return 0;
}

static int record(struct fixture *f, int64_t version, struct error *err)
{
	const struct ledger_row row = {
		.version = version,
		.name = "m",
		.up_blob = "aa",
		.down_blob = "bb",
		.source = "commit",
		.applied_at = "2026-01-01T00:00:00.000Z",
		.applied_by = "me",
		.tool = "1",
	};

	return ledger_insert(f->db, &row, "-- down", err);
}

static int execute(struct fixture *f, struct script *script, struct error *err)
{
	f->script = script;
	f->facts = facts_new(f, 1, "m", DIRECTION_UP);
	for (size_t n = 0; n < script->statement_count; n++)
		if (f->db->engine->execute(f->db, script, n, f->facts, err) < 0)
			return -1;
	return 0;
}

/* Runs `first` with a ledger row of that version, and lets `next` follow. */
static int run(struct fixture *f, int64_t version, const char *first,
	       struct script *next, struct error *err)
{
	struct script *script = pgt_script(f, first);

	assert_ok(f->db->engine->begin(f->db, script, err), err);
	assert_ok(execute(f, script, err), err);
	if (record(f, version, err) < 0)
		return -1;
	f->db->engine->follow(f->db, next);
	return f->db->engine->commit(f->db, err);
}

static void answers(struct fixture *f, const char *sql, const char *expected)
{
	assert_string_equal(pgt_ask(f, f->db, sql), expected);
}

static void has_table(struct fixture *f, const char *table, bool expected)
{
	char *sql = talloc_asprintf(f, "SELECT to_regclass('%s') IS NULL",
				    table);

	answers(f, sql, expected ? "f" : "t");
}

static void begins_the_next_script_along_with_a_commit(void **state)
{
	struct fixture *f = *state;
	struct script *next = pgt_script(f, "CREATE TABLE b (x int);"
					    "INSERT INTO b VALUES (1)");
	struct db_count count = { .table = "b" };
	struct error err = { 0 };
	int64_t committed;

	assert_ok(run(f, 1, "CREATE TABLE a (x int)", next, &err), &err);
	committed = f->db->committed_us;
	f->db->engine->count_along(f->db, &count, 1, 1000);
	assert_ok(f->db->engine->begin(f->db, next, &err), &err);
	assert_ok(execute(f, next, &err), &err);
	assert_int_equal(count.rows, -1);
	assert_true(f->db->began_us == committed);
	assert_ok(record(f, 2, &err), &err);
	f->db->engine->count_along(f->db, &count, 1, 1000);
	assert_ok(f->db->engine->commit(f->db, &err), &err);
	assert_string_equal(pgt_locks(f, f->facts), "b AccessExclusiveLock");
	assert_true(f->facts->locks[0].since_us == committed);
	assert_true(f->facts->statements[0].duration_ms > 0);
	assert_int_equal(f->facts->statements[1].rows, 1);
	assert_int_equal(count.rows, 1);
	has_table(f, "a", true);
	answers(f, "SELECT count(*) FROM git_migrations", "2");
}

static void lets_many_follow_each_other(void **state)
{
	struct fixture *f = *state;
	struct script *script = pgt_script(f, "CREATE TABLE t0 (x int)");
	struct error err = { 0 };

	for (int n = 0; n < 100; n++) {
		struct script *next = pgt_script(
			f,
			talloc_asprintf(f, "CREATE TABLE t%d (x int)", n + 1));

		assert_ok(f->db->engine->begin(f->db, script, &err), &err);
		assert_ok(execute(f, script, &err), &err);
		assert_ok(record(f, n, &err), &err);
		if (n < 99)
			f->db->engine->follow(f->db, next);
		assert_ok(f->db->engine->commit(f->db, &err), &err);
		script = next;
	}
	answers(f, "SELECT count(*) FROM pg_class WHERE relname ~ '^t[0-9]+$'",
		"100");
	answers(f, "SELECT count(*) FROM git_migrations", "100");
}

static void rolls_back_what_does_not_follow_after_all(void **state)
{
	struct fixture *f = *state;
	struct script *next = pgt_script(f, "CREATE TABLE b (x int)");
	struct script *other = pgt_script(f, "CREATE TABLE c (x int)");
	struct error err = { 0 };

	assert_ok(run(f, 1, "CREATE TABLE a (x int)", next, &err), &err);
	has_table(f, "b", false);
	has_table(f, "a", true);
	assert_ok(run(f, 2, "CREATE TABLE d (x int)", next, &err), &err);
	assert_ok(f->db->engine->begin(f->db, other, &err), &err);
	assert_ok(execute(f, other, &err), &err);
	assert_ok(f->db->engine->commit(f->db, &err), &err);
	has_table(f, "b", false);
	has_table(f, "c", true);
	assert_ok(run(f, 3, "CREATE TABLE e (x int)", next, &err), &err);
	f->db->engine->rollback(f->db);
	has_table(f, "b", false);
	has_table(f, "e", true);
	answers(f, "SELECT count(*) FROM git_migrations", "3");
}

static void does_not_begin_it_when_the_commit_fails(void **state)
{
	struct fixture *f = *state;
	struct script *next = pgt_script(f, "CREATE TABLE b AS SELECT "
					    "nextval('s') AS x");
	struct error err = { 0 };

	pgt_sql(f->db, "CREATE SEQUENCE s");
	assert_ok(run(f, 1, "CREATE TABLE a (x int)", NULL, &err), &err);
	assert_int_equal(run(f, 1, "CREATE TABLE c (x int)", next, &err), -1);
	assert_string_equal(err.sqlstate, "23505");
	error_release(&err);
	f->db->engine->rollback(f->db);
	has_table(f, "b", false);
	has_table(f, "c", false);
	answers(f, "SELECT is_called FROM s", "f");
	assert_ok(run(f, 2, "CREATE TABLE c (x int)", NULL, &err), &err);
}

static void tells_what_failed_of_the_next_script(void **state)
{
	struct fixture *f = *state;
	struct script *next = pgt_script(f, "\n CREATE TABLE a (x int)");
	struct error err = { 0 };

	assert_ok(run(f, 1, "CREATE TABLE a (x int)", next, &err), &err);
	assert_ok(f->db->engine->begin(f->db, next, &err), &err);
	assert_int_equal(execute(f, next, &err), -1);
	assert_string_equal(err.message, "relation \"a\" already exists");
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 2);
	error_release(&err);
	f->db->engine->rollback(f->db);
	has_table(f, "a", true);
	answers(f, "SELECT count(*) FROM git_migrations", "1");
}

/* Rows have to be counted before it, or after the one before. */
static void waits_for_what_has_to_be_counted(void **state)
{
	struct fixture *f = *state;
	struct script *next = pgt_script(f, "INSERT INTO a VALUES (1)");
	struct db_count count = { .table = "a" };
	struct error err = { 0 };

	assert_ok(run(f, 1, "CREATE TABLE a (x int)", next, &err), &err);
	f->db->engine->count_along(f->db, &count, 1, 1000);
	assert_ok(f->db->engine->begin(f->db, next, &err), &err);
	assert_ok(execute(f, next, &err), &err);
	assert_int_equal(count.rows, 0);
	assert_true(f->db->began_us > f->db->committed_us);
	f->db->engine->count_along(f->db, &count, 1, 1000);
	next = pgt_script(f, "CREATE TABLE b (x int)");
	f->db->engine->follow(f->db, next);
	assert_ok(f->db->engine->commit(f->db, &err), &err);
	assert_int_equal(count.rows, 1);
	assert_ok(f->db->engine->begin(f->db, next, &err), &err);
	assert_ok(execute(f, next, &err), &err);
	assert_ok(f->db->engine->commit(f->db, &err), &err);
	has_table(f, "b", true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(begins_the_next_script_along_with_a_commit),
		TEST(lets_many_follow_each_other),
		TEST(rolls_back_what_does_not_follow_after_all),
		TEST(does_not_begin_it_when_the_commit_fails),
		TEST(tells_what_failed_of_the_next_script),
		TEST(waits_for_what_has_to_be_counted),
	};

	return cmocka_run_group_tests(tests, pgt_setup, pgt_teardown);
}
