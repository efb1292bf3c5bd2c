#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/ledger.h"
#include "tests/unit/postgres_server.h"

/* Transactions that are sent as a whole, behind a commit. */

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

/* Runs a script with a ledger row of that version up to its COMMIT, which is
   sent and not waited for. */
static void begin(struct fixture *f, int64_t version, const char *text)
{
	struct script *script = pgt_script(f, text);
	struct error err = { 0 };

	assert_ok(f->db->engine->begin(f->db, script, &err), &err);
	assert_ok(execute(f, script, &err), &err);
	assert_ok(record(f, version, &err), &err);
	assert_ok(f->db->engine->send_commit(f->db, &err), &err);
}

/* Whether it could be sent. */
static bool send(struct fixture *f, int64_t version, struct script *script)
{
	struct error err = { 0 };
	bool sent;

	assert_ok(f->db->engine->send(f->db, script, &sent, &err), &err);
	if (!sent)
		return false;
	assert_ok(record(f, version, &err), &err);
	assert_ok(f->db->engine->send_commit(f->db, &err), &err);
	return true;
}

static int take(struct fixture *f, struct script *script, struct error *err)
{
	f->facts = facts_new(f, 1, "m", DIRECTION_UP);
	return f->db->engine->take(f->db, script, f->facts, err);
}

static void commit(struct fixture *f)
{
	struct error err = { 0 };

	assert_ok(f->db->engine->commit(f->db, &err), &err);
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

static void sends_the_next_transaction_behind_a_commit(void **state)
{
	struct fixture *f = *state;
	struct script *next = pgt_script(f, "CREATE TABLE b (x int);"
					    "CREATE INDEX i ON b (x)");
	struct db_count count = { .table = "b" };
	struct error err = { 0 };
	int64_t committed;

	begin(f, 1, "CREATE TABLE a (x int)");
	assert_true(send(f, 2, next));
	commit(f);
	committed = f->db->committed_us;
	f->db->engine->count_along(f->db, &count, 1, 1000);
	assert_ok(take(f, next, &err), &err);
	assert_true(f->db->began_us <= committed);
	assert_true(f->db->committed_us > committed);
	assert_int_equal(f->db->ended, DB_COMMITTED);
	assert_string_equal(pgt_locks(f, f->facts), "b AccessExclusiveLock");
	assert_true(f->facts->locks[0].since_us == f->db->began_us);
	assert_int_equal(f->facts->statement_count, 2);
	assert_string_equal(f->facts->statements[1].kind, "CREATE INDEX");
	/* the commit is not theirs */
	for (int n = 0; n < 2; n++)
		assert_true(f->facts->statements[n].duration_ms > 0);
	assert_true(f->facts->statements[0].duration_ms +
			    f->facts->statements[1].duration_ms <
		    (double)(f->db->committed_us - f->db->began_us) / 1000);
	assert_int_equal(count.rows, 0);
	has_table(f, "a", true);
	has_table(f, "b", true);
	answers(f, "SELECT count(*) FROM git_migrations", "2");
}

static struct script *numbered(struct fixture *f, int n)
{
	return pgt_script(f, talloc_asprintf(f, "CREATE TABLE t%d (x int)", n));
}

static void has_two_on_their_way(void **state)
{
	struct fixture *f = *state;
	struct script *now = numbered(f, 1), *next;
	struct error err = { 0 };

	begin(f, 0, "CREATE TABLE t0 (x int)");
	assert_true(send(f, 1, now));
	assert_true(send(f, 2, next = numbered(f, 2)));
	assert_false(send(f, 3, numbered(f, 3)));
	commit(f);
	for (int n = 3; n <= 100; n++) {
		assert_ok(take(f, now, &err), &err);
		assert_string_equal(
			pgt_locks(f, f->facts),
			talloc_asprintf(f, "t%d AccessExclusiveLock", n - 2));
		now = next;
		assert_true(send(f, n, next = numbered(f, n)));
	}
	assert_ok(take(f, now, &err), &err);
	assert_ok(take(f, next, &err), &err);
	answers(f, "SELECT count(*) FROM pg_class WHERE relname ~ '^t[0-9]+$'",
		"101");
	answers(f, "SELECT count(*) FROM git_migrations", "101");
}

static void refuses_all_else_until_they_are_taken(void **state)
{
	struct fixture *f = *state;
	struct script *next = numbered(f, 1);
	struct error err = { 0 };

	begin(f, 0, "CREATE TABLE t0 (x int)");
	assert_true(send(f, 1, next));
	commit(f);
	assert_int_equal(f->db->engine->begin(f->db, NULL, &err), -1);
	assert_non_null(strstr(err.message, "is still on its way"));
	error_release(&err);
	assert_int_equal(take(f, numbered(f, 2), &err), -1);
	assert_string_equal(err.message,
			    "no transaction of this script is on its way");
	error_release(&err);
	assert_ok(take(f, next, &err), &err);
	answers(f, "SELECT count(*) FROM git_migrations", "2");
}

static void carries_none_out_when_the_commit_fails(void **state)
{
	struct fixture *f = *state;
	struct script *next = numbered(f, 1);
	struct error err = { 0 };

	pgt_sql(f->db, "INSERT INTO git_migrations SELECT 7, '', '', '', '', "
		       "'', '', '', '', '', 0, '', '', 0, 0, ''");
	begin(f, 7, "CREATE TABLE t0 (x int)");
	assert_true(send(f, 1, next));
	assert_int_equal(f->db->engine->commit(f->db, &err), -1);
	assert_string_equal(err.sqlstate, "23505");
	error_release(&err);
	f->db->engine->rollback(f->db);
	assert_int_equal(f->db->ended, DB_ROLLED_BACK);
	has_table(f, "t0", false);
	has_table(f, "t1", false);
	assert_int_equal(take(f, next, &err), -1);
	error_release(&err);
	answers(f, "SELECT count(*) FROM git_migrations", "1");
}

static void tells_which_statement_failed(void **state)
{
	struct fixture *f = *state;
	struct script *next = pgt_script(f, "CREATE TABLE b (x int);\n"
					    " CREATE TABLE a (x int);\n"
					    "CREATE TABLE c (x int)");
	struct error err = { 0 };

	begin(f, 1, "CREATE TABLE a (x int)");
	assert_true(send(f, 2, next));
	assert_true(send(f, 3, numbered(f, 3)));
	commit(f);
	assert_int_equal(take(f, next, &err), -1);
	assert_string_equal(err.message, "relation \"a\" already exists");
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 2);
	error_release(&err);
	assert_int_equal(f->facts->statement_count, 2);
	f->db->engine->rollback(f->db);
	assert_int_equal(f->db->ended, DB_ROLLED_BACK);
	has_table(f, "a", true);
	has_table(f, "b", false);
	has_table(f, "t3", false);
	answers(f, "SELECT count(*) FROM git_migrations", "1");
	/* and all goes on */
	begin(f, 2, "CREATE TABLE b (x int)");
	assert_true(send(f, 3, next = numbered(f, 3)));
	commit(f);
	assert_ok(take(f, next, &err), &err);
	answers(f, "SELECT count(*) FROM git_migrations", "3");
}

/* What waits for others, is looked for before, or has to be counted. */
static void sends_only_what_nothing_has_to_be_known_of(void **state)
{
	static const char *const texts[] = {
		"ALTER TABLE a ADD COLUMN y int",
		"CREATE TABLE b (x int); INSERT INTO b VALUES (1)",
		"CREATE TABLE b AS SELECT 1 AS x",
		"CREATE TABLE b (x int REFERENCES a (x))",
		"CREATE INDEX i ON a (x)",
		"CREATE TABLE b (LIKE a)",
		"CREATE TEMPORARY TABLE b (x int)",
		"DROP TABLE a",
		"SELECT 1",
		"SET search_path = x",
		"CREATE TABLE b (x int); DO $$BEGIN END$$",
		"COMMENT ON TABLE a IS 'it is there'",
	};
	struct fixture *f = *state;

	begin(f, 1, "CREATE TABLE a (x int PRIMARY KEY)");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(send(f, 2, pgt_script(f, texts[i])));
	commit(f);
	/* in no transaction there is nothing to send it behind */
	assert_false(send(f, 2, numbered(f, 2)));
}

static void waits_for_what_has_to_be_counted(void **state)
{
	struct fixture *f = *state;
	struct db_count count = { .table = "a" };
	struct script *script = pgt_script(f, "CREATE TABLE a (x int);"
					      "INSERT INTO a VALUES (1)");
	struct error err = { 0 };

	assert_ok(f->db->engine->begin(f->db, script, &err), &err);
	assert_ok(execute(f, script, &err), &err);
	assert_ok(record(f, 1, &err), &err);
	f->db->engine->count_along(f->db, &count, 1, 1000);
	assert_ok(f->db->engine->send_commit(f->db, &err), &err);
	assert_false(send(f, 2, numbered(f, 2)));
	commit(f);
	assert_int_equal(count.rows, 1);
}

/* An event trigger may do to the session what the script does not. */
static void brings_the_session_back_behind_an_event_trigger(void **state)
{
	struct fixture *f = *state;
	struct script *next = numbered(f, 1), *last = numbered(f, 2);
	struct error err = { 0 };

	pgt_sql(f->db, "CREATE SCHEMA s");
	begin(f, 0,
	      "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS "
	      "$$BEGIN PERFORM set_config('search_path', 's', false); END$$;"
	      "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()");
	assert_true(send(f, 1, next));
	assert_true(send(f, 2, last));
	commit(f);
	assert_ok(take(f, next, &err), &err);
	assert_ok(take(f, last, &err), &err);
	answers(f,
		"SELECT count(*) FROM pg_tables WHERE schemaname = 'public' "
		"AND tablename ~ '^t[0-9]$'",
		"2");
	answers(f, "SHOW search_path", "\"$user\", public");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sends_the_next_transaction_behind_a_commit),
		TEST(has_two_on_their_way),
		TEST(refuses_all_else_until_they_are_taken),
		TEST(carries_none_out_when_the_commit_fails),
		TEST(tells_which_statement_failed),
		TEST(sends_only_what_nothing_has_to_be_known_of),
		TEST(waits_for_what_has_to_be_counted),
		TEST(brings_the_session_back_behind_an_event_trigger),
	};

	return cmocka_run_group_tests(tests, pgt_setup, pgt_teardown);
}
