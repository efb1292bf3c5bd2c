#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/ledger.h"
#include "tests/unit/postgres_server.h"

/* What a script may do to the session, and the ledger beside it. */

struct fixture {
	TALLOC_CTX *mem;
	char *url;
	struct db *db;
	int64_t version;
};

static int fresh(void **state)
{
	struct fixture *f = talloc_zero(NULL, struct fixture);
	struct error err = { 0 };

	f->mem = f;
	f->url = pgt_database(f);
	f->db = pgt_open(f, f->url);
	assert_ok(f->db->engine->lock(f->db, &err), &err);
	assert_ok(ledger_create(f->db, &err), &err);
	f->version = 20260101000000;
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

static int insert(struct fixture *f, struct error *err)
{
	const struct ledger_row row = {
		.version = f->version++,
		.name = "été",
		.up_blob = "aa",
		.down_blob = "bb",
		.source = "commit",
		.applied_at = "2026-01-01T00:00:00.000Z",
		.applied_by = "me",
		.tool = "1",
	};

	return ledger_insert(f->db, &row, "-- down", err);
}

/* As `up` runs a script: with its row in the same transaction, or with its
   progress after each statement. */
static int apply(struct fixture *f, const char *text, struct error *err)
{
	const struct db_engine *engine = f->db->engine;
	TALLOC_CTX *mem = talloc_new(NULL);
	struct script *script = pgt_script(mem, text);
	struct facts *facts = facts_new(mem, 1, "m", DIRECTION_UP);
	int result = 0;

	if (!script->no_transaction)
		result = engine->begin(f->db, script, err);
	for (size_t n = 0; result == 0 && n < script->statement_count; n++) {
		result = engine->execute(f->db, script, n, facts, err);
		if (result == 0 && script->no_transaction) {
			result = insert(f, err);
			if (result == 0)
				result = engine->query(f->db, "SELECT 1", NULL,
						       0, NULL, NULL, err);
		}
	}
	if (result == 0 && script->no_transaction)
		result = engine->begin(f->db, NULL, err);
	if (result == 0)
		result = insert(f, err);
	if (result == 0)
		result = engine->commit(f->db, err);
	if (result < 0)
		engine->rollback(f->db);
	talloc_free(mem);
	return result;
}

static void apply_well(struct fixture *f, const char *text)
{
	struct error err = { 0 };

	assert_ok(apply(f, text, &err), &err);
}

static void answers(struct fixture *f, const char *sql, const char *expected)
{
	assert_string_equal(pgt_ask(f->mem, f->db, sql), expected);
}

static void rows_are(struct fixture *f, const char *expected)
{
	answers(f,
		"SELECT count(*) FROM public.git_migrations "
		"WHERE name = 'été'",
		expected);
}

static void writes_the_ledger_under_any_search_path(void **state)
{
	struct fixture *f = *state;

	apply_well(f, "SELECT pg_catalog.set_config('search_path', '', "
		      "false); CREATE TABLE public.a (x int)");
	rows_are(f, "1");
	answers(f, "SHOW search_path", "\"$user\", public");
	apply_well(f, "CREATE SCHEMA app; SET LOCAL search_path TO app; "
		      "CREATE TABLE git_migrations (x int)");
	rows_are(f, "2");
	apply_well(f, "SET search_path TO app; CREATE TABLE b (x int)");
	rows_are(f, "3");
	answers(f, "SELECT to_regclass('app.b')", "app.b");
	apply_well(f, "CREATE TABLE c (x int)");
	answers(f, "SELECT to_regclass('public.c')", "c");
}

static void writes_the_ledger_under_any_role(void **state)
{
	struct fixture *f = *state;
	char *role = talloc_asprintf(f, "unit_role_%lld",
				     (long long)clock_wall_us());
	char *sql = talloc_asprintf(f,
				    "CREATE ROLE %s; GRANT CREATE ON SCHEMA "
				    "public TO %s",
				    role, role);

	pgt_sql(f->db, sql);
	sql = talloc_asprintf(f, "SET ROLE %s; CREATE TABLE a (x int)", role);
	apply_well(f, sql);
	rows_are(f, "1");
	answers(f, "SELECT current_user", "postgres");
	sql = talloc_asprintf(f,
			      "SET LOCAL SESSION AUTHORIZATION %s; "
			      "CREATE TABLE b (x int)",
			      role);
	apply_well(f, sql);
	rows_are(f, "2");
	sql = talloc_asprintf(f,
			      "SELECT string_agg(DISTINCT tableowner, ',') "
			      "FROM pg_tables WHERE tablename IN ('a', 'b')");
	answers(f, sql, role);
	sql = talloc_asprintf(f, "DROP OWNED BY %s; DROP ROLE %s", role, role);
	pgt_sql(f->db, sql);
}

static void keeps_a_script_outside_of_a_transaction_as_it_is(void **state)
{
	struct fixture *f = *state;
	char *role = talloc_asprintf(f, "unit_role_%lld",
				     (long long)clock_wall_us());
	char *sql = talloc_asprintf(
		f,
		"CREATE ROLE %s; CREATE SCHEMA app; GRANT ALL ON SCHEMA app "
		"TO %s",
		role, role);

	pgt_sql(f->db, sql);
	sql = talloc_asprintf(
		f,
		"-- migrate: no-transaction\nSET search_path TO app; "
		"SET ROLE %s; CREATE TABLE t (x int); BEGIN; "
		"SET LOCAL client_encoding TO 'LATIN1'; "
		"SET LOCAL search_path TO app, public; "
		"CREATE TABLE u AS SELECT current_user::text AS u, "
		"current_setting('client_encoding') AS e, "
		"current_setting('search_path') AS s; COMMIT; "
		"CREATE TABLE v AS SELECT current_user::text AS u, "
		"current_setting('search_path') AS s",
		role);
	apply_well(f, sql);
	rows_are(f, "10");
	answers(f, "SELECT current_user || current_setting('search_path')",
		"postgres\"$user\", public");
	answers(f, "SELECT e || s FROM app.u", "LATIN1app, public");
	answers(f, "SELECT s FROM app.v", "app");
	sql = talloc_asprintf(f,
			      "SELECT count(*) FROM app.u JOIN app.v "
			      "USING (u) WHERE u = '%s'",
			      role);
	answers(f, sql, "1");
	sql = talloc_asprintf(f, "DROP OWNED BY %s; DROP ROLE %s", role, role);
	pgt_sql(f->db, sql);
}

static void starts_each_script_afresh(void **state)
{
	struct fixture *f = *state;

	apply_well(f, "SET statement_timeout TO 0; SET DateStyle TO German; "
		      "CREATE TEMP TABLE a (x int); "
		      "CREATE TEMP TABLE b (x int) ON COMMIT DROP; "
		      "DECLARE c CURSOR WITH HOLD FOR SELECT 1; "
		      "PREPARE p AS SELECT 1; LISTEN l");
	apply_well(f, "CREATE TEMP TABLE a (x int); "
		      "DECLARE c CURSOR WITH HOLD FOR SELECT 1; "
		      "PREPARE p AS SELECT 1; "
		      "CREATE TABLE d AS SELECT current_setting('DateStyle')");
	answers(f, "SELECT * FROM d", "ISO, MDY");
	apply_well(f, "-- migrate: no-transaction\n"
		      "CREATE TEMP TABLE a (x int); DEALLOCATE ALL; VACUUM");
	apply_well(f, "CREATE TEMP TABLE a (x int)");
	rows_are(f, "7");
	answers(f, "SELECT count(*) FROM pg_cursors WHERE name <> ''", "0");
}

static void undoes_what_a_failed_script_did_to_the_session(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };

	assert_int_equal(apply(f,
			       "SET search_path TO nowhere; "
			       "CREATE TEMP TABLE pg_temp.a (x int); "
			       "SELECT 1/0",
			       &err),
			 -1);
	assert_string_equal(err.message, "division by zero");
	error_release(&err);
	answers(f, "SHOW search_path", "\"$user\", public");
	apply_well(f, "CREATE TEMP TABLE a (x int)");
	rows_are(f, "1");
}

static void checks_constraints_under_the_settings_of_the_script(void **state)
{
	struct fixture *f = *state;

	apply_well(f, "CREATE SCHEMA app; CREATE TABLE app.log (x int); "
		      "CREATE TABLE app.t (x int); "
		      "CREATE FUNCTION app.f() RETURNS trigger LANGUAGE "
		      "plpgsql AS 'BEGIN INSERT INTO log VALUES (1); "
		      "RETURN NULL; END'; "
		      "CREATE CONSTRAINT TRIGGER c AFTER INSERT ON app.t "
		      "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
		      "EXECUTE FUNCTION app.f()");
	apply_well(f, "SET LOCAL search_path TO app; INSERT INTO t VALUES (1)");
	answers(f, "SELECT count(*) FROM app.log", "1");
}

/* --- the lock
 * ----------------------------------------------------------------- */

static const char held[] =
	"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
	"AND classid = 1734964333 AND pid = pg_backend_pid()";

static void keeps_its_lock_through_any_script(void **state)
{
	struct fixture *f = *state;

	apply_well(f, "SELECT pg_advisory_unlock_all()");
	answers(f, held, "1");
	apply_well(f, "DISCARD ALL");
	answers(f, held, "1");
	apply_well(f, "-- migrate: no-transaction\n"
		      "SELECT pg_advisory_unlock_all(); VACUUM");
	answers(f, held, "1");
	rows_are(f, "6");
}

static void says_who_holds_the_lock(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct db *other = pgt_open(f->mem, f->url);
	char *detail;

	other->options.wait_ms = 150;
	assert_int_equal(other->engine->lock(other, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	detail = talloc_asprintf(
		f,
		"held by process %s (user postgres, git-migrate, connected "
		"for 0 s)",
		pgt_ask(f->mem, f->db, "SELECT pg_backend_pid()"));
	err.detail[strlen(err.detail) - 4] = '0';
	assert_string_equal(err.detail, detail);
	error_release(&err);
	talloc_free(other);
}

struct waiter {
	char *url;
	int result;
	int64_t locked_us;
};

static void *wait_and_lock(void *data)
{
	struct waiter *waiter = data;
	TALLOC_CTX *mem = talloc_new(NULL);
	const struct db_options options = { .wait_ms = 10000 };
	struct error err = { 0 };
	struct db *db;

	waiter->result = db_open(mem, waiter->url, &options, &db, &err);
	if (waiter->result == 0)
		waiter->result = db->engine->lock(db, &err);
	waiter->locked_us = clock_mono_us();
	talloc_free(mem);
	return NULL;
}

static void waits_for_the_lock_without_hindering_the_holder(void **state)
{
	struct fixture *f = *state;
	struct waiter waiter = { .url = f->url };
	struct error err = { 0 };
	int64_t released;
	pthread_t thread;

	pthread_create(&thread, NULL, wait_and_lock, &waiter);
	apply_well(f, "CREATE TABLE a (x int); SELECT pg_sleep(0.3)");
	/* waits for every transaction that is older */
	apply_well(f, "CREATE INDEX CONCURRENTLY i ON a (x)");
	released = clock_mono_us();
	assert_ok(f->db->engine->unlock(f->db, &err), &err);
	pthread_join(thread, NULL);
	assert_int_equal(waiter.result, 0);
	assert_true(waiter.locked_us >= released);
	assert_true(waiter.locked_us - released < 3000000);
	assert_ok(f->db->engine->lock(f->db, &err), &err);
}

static void two_ledgers_in_one_database_have_two_locks(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	char *url = talloc_asprintf(f, "%s?options=-csearch_path%%3Dapp",
				    f->url);
	struct db *other;

	pgt_sql(f->db, "CREATE SCHEMA app");
	other = pgt_open(f->mem, url);
	assert_ok(other->engine->lock(other, &err), &err);
	assert_ok(ledger_create(other, &err), &err);
	answers(f, "SELECT to_regclass('app.git_migrate_meta')",
		"app.git_migrate_meta");
	talloc_free(other);
}

/* --- counting
 * ------------------------------------------------------------------ */

static char *count(struct fixture *f, const char *table, int64_t limit)
{
	struct error err = { 0 };
	int64_t rows = -7;
	bool estimated = false;

	assert_ok(f->db->engine->count_rows(f->db, table, limit, &rows,
					    &estimated, &err),
		  &err);
	return talloc_asprintf(f, "%s%lld", estimated ? "~" : "",
			       (long long)rows);
}

static void counts_or_estimates_rows(void **state)
{
	struct fixture *f = *state;
	char *estimate;

	pgt_sql(f->db,
		"CREATE TABLE a AS SELECT generate_series(1, 10000) AS x;"
		"CREATE SCHEMA app; CREATE TABLE app.\"My.Table\" (x int);"
		"CREATE TABLE \"b.c\" (x int); INSERT INTO \"b.c\" VALUES (1);"
		"CREATE VIEW v AS SELECT 1; CREATE INDEX i ON a (x);"
		"CREATE TABLE p (x int) PARTITION BY LIST (x);"
		"CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
		"CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);"
		"INSERT INTO p VALUES (1), (2), (2);"
		"CREATE MATERIALIZED VIEW m AS SELECT 1;"
		"CREATE TABLE empty (x int)");
	assert_string_equal(count(f, "a", 100000), "10000");
	assert_string_equal(count(f, "public.a", 100000), "10000");
	estimate = count(f, "a", 1000);
	assert_int_equal(*estimate, '~');
	assert_in_range(atoll(estimate + 1), 5000, 20000);
	pgt_sql(f->db, "ANALYZE a");
	assert_string_equal(count(f, "a", 1000), "~10000");
	assert_string_equal(count(f, "app.My.Table", 1000), "0");
	assert_string_equal(count(f, "b.c", 1000), "1");
	assert_string_equal(count(f, "p", 1000), "3");
	assert_string_equal(count(f, "m", 1000), "1");
	assert_string_equal(count(f, "empty", 0), "0");
	assert_string_equal(count(f, "v", 10), "-1");
	assert_string_equal(count(f, "i", 10), "-1");
	assert_string_equal(count(f, "nosuch", 10), "-1");
	assert_string_equal(count(f, "nosuch.a", 10), "-1");
}

/* "before -> after" of tables that are counted along with a script. */
static char *counted(struct fixture *f, const char *text,
		     const char *const *tables)
{
	const struct db_engine *engine = f->db->engine;
	struct db_count before[8], after[8];
	struct script *script = pgt_script(f->mem, text);
	struct facts *facts = facts_new(f->mem, 1, "m", DIRECTION_UP);
	char *out = talloc_strdup(f, "");
	struct error err = { 0 };
	size_t count = 0;

	for (; tables[count]; count++)
		before[count].table = after[count].table = tables[count];
	engine->count_along(f->db, before, count, 1000);
	assert_ok(engine->begin(f->db, script, &err), &err);
	for (size_t n = 0; n < script->statement_count; n++)
		assert_ok(engine->execute(f->db, script, n, facts, &err), &err);
	engine->count_along(f->db, after, count, 1000);
	assert_ok(insert(f, &err), &err);
	assert_ok(engine->commit(f->db, &err), &err);
	assert_true(f->db->began_us > 0);
	assert_true(f->db->committed_us > f->db->began_us);
	for (size_t i = 0; i < count; i++)
		out = talloc_asprintf_append(
			out, "%s%s %s%d -> %s%d", i ? ", " : "", tables[i],
			before[i].estimated ? "~" : "", (int)before[i].rows,
			after[i].estimated ? "~" : "", (int)after[i].rows);
	return out;
}

static void counts_along_with_a_script(void **state)
{
	struct fixture *f = *state;
	const char *const tables[] = { "a", "b", "public.c", "p", "v", NULL };
	const char *const big[] = { "big", NULL };

	pgt_sql(f->db, "CREATE TABLE a AS SELECT 1 AS x; CREATE VIEW v AS "
		       "SELECT 1; CREATE TABLE p (x int) PARTITION BY LIST (x);"
		       "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)");
	assert_string_equal(
		counted(f,
			"INSERT INTO a VALUES (2); CREATE TABLE b (x int); "
			"CREATE TABLE public.c (x int); "
			"INSERT INTO p VALUES (1); SELECT 1",
			tables),
		"a 1 -> 2, b -1 -> 0, public.c -1 -> 0, p 0 -> 1, v -1 -> -1");
	assert_string_equal(
		counted(f,
			"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; "
			"DROP TABLE public.c; INSERT INTO b VALUES (1); "
			"INSERT INTO b VALUES (2); DELETE FROM a",
			tables),
		"a 2 -> 0, b 0 -> 2, public.c 0 -> -1, p 1 -> 1, v -1 -> -1");
	assert_string_equal(
		counted(f,
			"CREATE TABLE big AS SELECT generate_series(1, "
			"30000) AS x; ANALYZE big",
			big),
		"big -1 -> ~30000");
	assert_string_equal(counted(f,
				    "DROP TABLE big; CREATE TABLE big (x int); "
				    "INSERT INTO big VALUES (1)",
				    big),
			    "big ~30000 -> 1");
	assert_string_equal(
		counted(f,
			"DROP TABLE big; CREATE TABLE big (x int); "
			"DO $$ BEGIN BEGIN INSERT INTO big VALUES (1); "
			"RAISE 'x'; EXCEPTION WHEN others THEN END; "
			"END $$",
			big),
		"big 1 -> 0");
	rows_are(f, "5");
}

static void counts_nothing_when_the_commit_fails(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct db_count after = { .table = "a" };
	struct script *script = pgt_script(
		f->mem, "CREATE TABLE a (x int PRIMARY KEY, y int REFERENCES a "
			"DEFERRABLE INITIALLY DEFERRED);"
			"INSERT INTO a VALUES (1, 2)");
	struct facts *facts = facts_new(f->mem, 1, "m", DIRECTION_UP);

	assert_ok(f->db->engine->begin(f->db, script, &err), &err);
	assert_ok(f->db->engine->execute(f->db, script, 0, facts, &err), &err);
	assert_ok(f->db->engine->execute(f->db, script, 1, facts, &err), &err);
	f->db->engine->count_along(f->db, &after, 1, 1000);
	assert_int_equal(f->db->engine->commit(f->db, &err), -1);
	assert_string_equal(err.sqlstate, "23503");
	error_release(&err);
	f->db->engine->rollback(f->db);
	assert_int_equal(after.rows, -1);
	assert_string_equal(count(f, "a", 10), "-1");
	apply_well(f, "CREATE TABLE a (x int)");
	assert_int_equal(after.rows, -1);
}

static void does_not_count_what_it_may_not_read(void **state)
{
	struct fixture *f = *state;

	pgt_sql(f->db, "CREATE TABLE a (x int); CREATE ROLE unit_reader; "
		       "SET ROLE unit_reader");
	assert_string_equal(count(f, "a", 10), "-1");
	pgt_sql(f->db, "RESET ROLE; DROP ROLE unit_reader");
}

static void lists_the_columns_of_a_table(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	char **names;
	size_t n;

	pgt_sql(f->db, "CREATE TABLE a (x int, \"Y z\" text, w int);"
		       "ALTER TABLE a DROP w");
	assert_ok(
		f->db->engine->definition(f->mem, f->db, "a", &names, &n, &err),
		&err);
	assert_int_equal(n, 2);
	assert_string_equal(names[1], "Y z");
	assert_ok(f->db->engine->definition(f->mem, f->db, "nosuch", &names, &n,
					    &err),
		  &err);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
		TEST(writes_the_ledger_under_any_search_path),
		TEST(writes_the_ledger_under_any_role),
		TEST(keeps_a_script_outside_of_a_transaction_as_it_is),
		TEST(starts_each_script_afresh),
		TEST(undoes_what_a_failed_script_did_to_the_session),
		TEST(checks_constraints_under_the_settings_of_the_script),
		TEST(keeps_its_lock_through_any_script),
		TEST(says_who_holds_the_lock),
		TEST(waits_for_the_lock_without_hindering_the_holder),
		TEST(two_ledgers_in_one_database_have_two_locks),
		TEST(counts_or_estimates_rows),
		TEST(counts_along_with_a_script),
		TEST(counts_nothing_when_the_commit_fails),
		TEST(does_not_count_what_it_may_not_read),
		TEST(lists_the_columns_of_a_table),
	};

	return cmocka_run_group_tests_name("postgres_session", tests, pgt_setup,
					   pgt_teardown);
}
