#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "tests/unit/postgres_server.h"

/* Scripts: what their statements return, lock and fail with. */

struct fixture {
	TALLOC_CTX *mem;
	char *url;
	struct db *db;
};

static int fresh(void **state)
{
	struct fixture *f = talloc_zero(NULL, struct fixture);

	f->mem = f;
	f->url = pgt_database(f);
	f->db = pgt_open(f, f->url);
	*state = f;
	return 0;
}

static int done(void **state)
{
	talloc_free(*state);
	return 0;
}

static char *failure(struct fixture *f, const char *text)
{
	struct error err = { 0 };
	struct facts *facts;

	assert_int_equal(pgt_run(f->mem, f->db, text, &facts, &err), -1);
	return pgt_error(f->mem, &err);
}

static char *statements_text(TALLOC_CTX *mem, const struct facts *facts)
{
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < facts->statement_count; i++) {
		const struct fact_statement *s = &facts->statements[i];

		text = talloc_asprintf_append(text, "%s%d %s", i ? ", " : "",
					      s->index, s->kind);
		for (size_t k = 0; k < s->relation_count; k++)
			text = talloc_asprintf_append(text, " %s",
						      s->relations[k]);
		text = talloc_asprintf_append(text, " %d", (int)s->rows);
		assert_true(s->duration_ms > 0);
	}
	return text;
}

static void measures_each_statement(void **state)
{
	struct fixture *f = *state;
	struct facts *facts = pgt_well(
		f->mem, f->db,
		"CREATE TABLE a (x int); INSERT INTO a VALUES (1), (2), (3); "
		"UPDATE a SET x = 0 WHERE x > 1; DELETE FROM a WHERE x = 5; "
		"SELECT * FROM a; CREATE TABLE b AS SELECT * FROM a; "
		"DO $$ BEGIN DELETE FROM b; END $$; "
		"CREATE MATERIALIZED VIEW m AS SELECT 1; "
		"SELECT x INTO c FROM a");

	assert_string_equal(
		statements_text(f->mem, facts),
		"1 CREATE TABLE a -1, 2 INSERT a 3, 3 UPDATE a 2, "
		"4 DELETE a 0, 5 SELECT a -1, 6 CREATE TABLE AS b a 3, "
		"7 DO -1, 8 CREATE MATERIALIZED VIEW m 1, "
		"9 SELECT INTO c a 3");
}

static void does_not_charge_the_look_to_the_statement(void **state)
{
	struct fixture *f = *state;
	struct facts *facts = pgt_well(f->mem, f->db,
				       "SELECT pg_sleep(0.2); SELECT 1");

	assert_true(facts->statements[0].duration_ms >= 200);
	assert_true(facts->statements[0].duration_ms < 1000);
	assert_true(facts->statements[1].duration_ms < 100);
}

static void names_the_locks_of_a_transaction(void **state)
{
	struct fixture *f = *state;
	struct facts *facts;

	pgt_sql(f->db, "CREATE TABLE parent (id int PRIMARY KEY);"
		       "CREATE TABLE child (id int PRIMARY KEY, p int);"
		       "CREATE SCHEMA app; CREATE TABLE app.t (x serial);"
		       "INSERT INTO child VALUES (1, 1)");
	facts = pgt_well(f->mem, f->db,
			 "UPDATE child SET p = NULL; "
			 "SELECT count(*) FROM child");
	assert_string_equal(pgt_locks(f->mem, facts), "child RowExclusiveLock");
	facts = pgt_well(f->mem, f->db,
			 "SELECT count(*) FROM child; "
			 "UPDATE child SET p = NULL; "
			 "ALTER TABLE child ADD c int");
	assert_string_equal(pgt_locks(f->mem, facts),
			    "child AccessShareLock, child RowExclusiveLock, "
			    "child AccessExclusiveLock");
	facts = pgt_well(f->mem, f->db,
			 "ALTER TABLE child ADD FOREIGN KEY (p) REFERENCES "
			 "parent");
	assert_string_equal(pgt_locks(f->mem, facts),
			    "parent ShareRowExclusiveLock, "
			    "child ShareRowExclusiveLock");
	facts = pgt_well(f->mem, f->db,
			 "DO $$ BEGIN DELETE FROM child; END $$");
	assert_string_equal(statements_text(f->mem, facts), "1 DO child -1");
	facts = pgt_well(f->mem, f->db, "CREATE INDEX ci ON child (p)");
	assert_string_equal(pgt_locks(f->mem, facts), "child ShareLock");
	facts = pgt_well(f->mem, f->db,
			 "ALTER INDEX ci RENAME TO cj; "
			 "REINDEX INDEX cj");
	assert_string_equal(pgt_locks(f->mem, facts),
			    "cj AccessExclusiveLock, child ShareLock");
	facts = pgt_well(f->mem, f->db, "ALTER TABLE app.t ADD y int");
	assert_string_equal(pgt_locks(f->mem, facts),
			    "app.t AccessExclusiveLock");
}

static void names_what_was_dropped_or_renamed(void **state)
{
	struct fixture *f = *state;
	struct facts *facts;

	pgt_sql(f->db, "CREATE TABLE a (id int PRIMARY KEY);"
		       "CREATE TABLE b (a int REFERENCES a);"
		       "CREATE VIEW v AS SELECT * FROM a;"
		       "CREATE TABLE c (id int)");
	facts = pgt_well(f->mem, f->db, "DROP TABLE a CASCADE");
	assert_string_equal(pgt_locks(f->mem, facts),
			    "a AccessExclusiveLock, b AccessExclusiveLock, "
			    "v AccessExclusiveLock");
	facts = pgt_well(f->mem, f->db,
			 "ALTER TABLE c RENAME TO d; "
			 "ALTER TABLE d ADD x int");
	assert_string_equal(pgt_locks(f->mem, facts), "c AccessExclusiveLock");
	facts = pgt_well(f->mem, f->db, "DO $$ BEGIN DROP TABLE d; END $$");
	assert_string_equal(pgt_locks(f->mem, facts), "d AccessExclusiveLock");
	facts = pgt_well(f->mem, f->db, "CREATE TABLE e (x int); DROP TABLE e");
	assert_string_equal(pgt_locks(f->mem, facts), "e AccessExclusiveLock");
}

static void looks_once_at_a_series_of_inserts(void **state)
{
	struct fixture *f = *state;
	struct facts *facts;

	pgt_sql(f->db, "CREATE TABLE a (x int); CREATE TABLE log (x int);"
		       "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql "
		       "AS 'BEGIN IF new.x = 3 THEN INSERT INTO log VALUES (1);"
		       " END IF; RETURN new; END';"
		       "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW "
		       "EXECUTE FUNCTION f()");
	facts = pgt_well(f->mem, f->db,
			 "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2); "
			 "INSERT INTO a VALUES (3); INSERT INTO a VALUES (4)");
	assert_string_equal(pgt_locks(f->mem, facts),
			    "a RowExclusiveLock, log RowExclusiveLock");
	assert_true(facts->locks[1].since_us > facts->locks[0].since_us);
}

static void says_where_a_statement_failed(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(failure(f, "CREATE TABLE a (x int);\n"
				       "SELECT 'été', 'ü',\n  nosuch FROM a;"),
			    "5|column \"nosuch\" does not exist|||42703|"
			    "migrations/m.up.sql:3:3");
	assert_string_equal(failure(f, "SELECT 1;\n\nSELEC 2"),
			    "5|syntax error at or near \"SELEC\"|||42601|"
			    "migrations/m.up.sql:3:1");
	assert_string_equal(
		failure(f, "CREATE TABLE a (x int UNIQUE);\n"
			   "INSERT INTO a VALUES (1);\n  INSERT INTO a\n"
			   "VALUES (1);"),
		"5|duplicate key value violates unique constraint "
		"\"a_x_key\"|Key (x)=(1) already exists.||23505|"
		"migrations/m.up.sql:3:3");
	assert_string_equal(
		failure(f, "SELECT 1;\nDO $$\nBEGIN\n RAISE NOTICE 'so far';\n"
			   " RAISE EXCEPTION 'no' USING HINT = 'try';\nEND $$"),
		"5|no|in: PL/pgSQL function inline_code_block line 4 at RAISE\n"
		"notice: so far|try|P0001|migrations/m.up.sql:2:1");
	assert_string_equal(pgt_ask(f->mem, f->db, "SELECT to_regclass('a')"),
			    "(null)");
}

static void reports_deferred_constraints_at_the_commit(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(
		failure(f, "CREATE TABLE a (id int PRIMARY KEY);"
			   "CREATE TABLE b (a int REFERENCES a "
			   "DEFERRABLE INITIALLY DEFERRED);"
			   "INSERT INTO b VALUES (1);"),
		"5|insert or update on table \"b\" violates foreign key "
		"constraint \"b_a_fkey\"|Key (a)=(1) is not present in table "
		"\"a\".||23503|:0:0");
	assert_string_equal(pgt_ask(f->mem, f->db, "SELECT to_regclass('a')"),
			    "(null)");
}

static void says_how_to_leave_the_transaction(void **state)
{
	struct fixture *f = *state;

	pgt_sql(f->db, "CREATE PROCEDURE p() LANGUAGE plpgsql AS "
		       "'BEGIN COMMIT; END'");
	assert_string_equal(
		failure(f, "CALL p()"),
		"5|invalid transaction termination|in: PL/pgSQL function p() "
		"line 1 at COMMIT|to let it commit by itself, put at the top "
		"of the script: -- migrate: no-transaction|2D000|"
		"migrations/m.up.sql:1:1");
	pgt_well(f->mem, f->db, "-- migrate: no-transaction\nCALL p()");
}

static void runs_outside_of_a_transaction(void **state)
{
	struct fixture *f = *state;
	struct facts *facts;

	facts = pgt_well(f->mem, f->db,
			 "CREATE TABLE a (x int); INSERT INTO a VALUES (1), "
			 "(2); CREATE INDEX CONCURRENTLY i ON a (x); "
			 "VACUUM a; REINDEX INDEX CONCURRENTLY i; "
			 "DROP INDEX CONCURRENTLY i");
	assert_int_equal(facts->statement_count, 6);
	assert_string_equal(
		failure(f, "INSERT INTO a VALUES (2);\n"
			   "CREATE UNIQUE INDEX CONCURRENTLY i ON a (x);"),
		"5|could not create unique index \"i\"|Key (x)=(2) is "
		"duplicated.||23505|migrations/m.up.sql:2:1");
	assert_string_equal(pgt_ask(f->mem, f->db, "SELECT count(*) FROM a"),
			    "3");
}

static void follows_a_script_with_its_own_transactions(void **state)
{
	struct fixture *f = *state;
	struct facts *facts;

	facts = pgt_well(f->mem, f->db,
			 "CREATE TABLE a (x int); BEGIN; "
			 "ALTER TABLE a ADD y int; COMMIT; BEGIN; "
			 "ALTER TABLE a ADD z int; ROLLBACK");
	assert_string_equal(pgt_locks(f->mem, facts),
			    "a AccessExclusiveLock, a AccessExclusiveLock");
	assert_true(facts->locks[0].held_ms < facts->duration_ms ||
		    facts->locks[0].held_ms >= 0);
	assert_string_equal(pgt_ask(f->mem, f->db,
				    "SELECT count(*) FROM pg_attribute WHERE "
				    "attrelid = 'a'::regclass AND attnum > 0"),
			    "2");
}

static void notices_a_transaction_that_is_left_open(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	assert_int_equal(pgt_run(f->mem, f->db,
				 "CREATE TABLE a (x int); BEGIN; "
				 "DROP TABLE a",
				 &facts, &err),
			 0);
	assert_int_equal(f->db->engine->begin(f->db, NULL, &err), -1);
	assert_string_equal(
		pgt_error(f->mem, &err),
		"5|the script ends inside a transaction that it began||end it "
		"with COMMIT; what it did since its BEGIN is rolled back||"
		"migrations/m.up.sql:0:0");
	f->db->engine->rollback(f->db);
	assert_string_equal(pgt_ask(f->mem, f->db, "SELECT to_regclass('a')"),
			    "a");
}

static void reads_many_rows_without_keeping_them(void **state)
{
	struct fixture *f = *state;
	size_t before = talloc_total_size(NULL);

	pgt_well(f->mem, f->db,
		 "SELECT repeat('x', 1000) FROM "
		 "generate_series(1, 100000)");
	assert_true(talloc_total_size(NULL) - before < 1000000);
}

/* --- being stopped ----------------------------------------------------------
 */

struct stopper {
	int64_t began;
	int calls;
};

static int stop_later(const char *waiting_for, void *data)
{
	struct stopper *stopper = data;

	(void)waiting_for;
	stopper->calls++;
	return clock_mono_us() - stopper->began > 300000;
}

static void stops_when_asked(void **state)
{
	struct fixture *f = *state;
	struct stopper stopper = { .began = clock_mono_us() };
	int64_t took;

	f->db->options.tick = stop_later;
	f->db->options.tick_data = &stopper;
	assert_string_equal(
		failure(f, "CREATE TABLE a (x int);\nSELECT pg_sleep(60)"),
		"8|interrupted|||57014|migrations/m.up.sql:2:1");
	took = clock_mono_us() - stopper.began;
	assert_true(took > 300000 && took < 5000000);
	assert_true(stopper.calls >= 3);
	f->db->options.tick = NULL;
	assert_string_equal(pgt_ask(f->mem, f->db, "SELECT to_regclass('a')"),
			    "(null)");
}

static void stops_between_short_statements(void **state)
{
	struct fixture *f = *state;
	struct stopper stopper = { .began = clock_mono_us() };
	char *text = talloc_strdup(f->mem, "");
	char *error;

	for (int i = 0; i < 100; i++)
		text = talloc_strdup_append_buffer(text,
						   "SELECT pg_sleep(0.02);");
	f->db->options.tick = stop_later;
	f->db->options.tick_data = &stopper;
	error = failure(f, text);
	assert_int_equal(strncmp(error, "8|interrupted|", 14), 0);
	f->db->options.tick = NULL;
}

static void survives_a_lost_connection(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	assert_int_equal(
		pgt_run(f->mem, f->db,
			"CREATE TABLE a (x int);\n"
			"SELECT pg_terminate_backend(pg_backend_pid());\n"
			"SELECT 1",
			&facts, &err),
		-1);
	assert_int_equal(err.code, ERROR_CONNECTION);
	assert_non_null(strstr(err.message, "was lost: terminating connection "
					    "due to administrator command"));
	assert_int_equal(err.line, 2);
	assert_int_equal(facts->statement_count, 2);
	error_release(&err);
	assert_int_equal(f->db->engine->begin(f->db, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_CONNECTION);
	error_release(&err);
	f->db->engine->rollback(f->db);
	assert_int_equal(f->db->engine->unlock(f->db, &err), 0);
	assert_string_equal(pgt_ask(f->mem, pgt_open(f->mem, f->url),
				    "SELECT to_regclass('a')"),
			    "(null)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
		TEST(measures_each_statement),
		TEST(does_not_charge_the_look_to_the_statement),
		TEST(names_the_locks_of_a_transaction),
		TEST(names_what_was_dropped_or_renamed),
		TEST(looks_once_at_a_series_of_inserts),
		TEST(says_where_a_statement_failed),
		TEST(reports_deferred_constraints_at_the_commit),
		TEST(says_how_to_leave_the_transaction),
		TEST(runs_outside_of_a_transaction),
		TEST(follows_a_script_with_its_own_transactions),
		TEST(notices_a_transaction_that_is_left_open),
		TEST(reads_many_rows_without_keeping_them),
		TEST(stops_when_asked),
		TEST(stops_between_short_statements),
		TEST(survives_a_lost_connection),
	};

	return cmocka_run_group_tests_name("postgres_run", tests, pgt_setup,
					   pgt_teardown);
}
