#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/ledger.h"
#include "tests/unit/postgres_server.h"

/* Which schema the ledger is found in. */

struct fixture {
	char *url;
	struct db *db; /* whose session knows nothing of ledgers */
};

static int fresh(void **state)
{
	struct fixture *f = talloc_zero(NULL, struct fixture);

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

/* A session with a search path of its own. */
static struct db *open_in(struct fixture *f, const char *schema)
{
	return pgt_open(f, talloc_asprintf(f, "%s?options=-csearch_path%%3D%s",
					   f->url, schema));
}

/* Makes a ledger with one row there. */
static void make_ledger(struct fixture *f, const char *schema)
{
	const struct ledger_row row = {
		.version = 1,
		.name = schema,
		.up_blob = "aa",
		.down_blob = "bb",
		.source = "commit",
		.applied_at = "2026-01-01T00:00:00.000Z",
		.applied_by = "me",
		.tool = "1",
	};
	struct db *db = open_in(f, schema);
	struct error err = { 0 };

	pgt_sql(f->db,
		talloc_asprintf(f, "CREATE SCHEMA IF NOT EXISTS %s", schema));
	assert_ok(db->engine->lock(db, &err), &err);
	assert_ok(ledger_create(db, &err), &err);
	assert_ok(db->engine->begin(db, NULL, &err), &err);
	assert_ok(ledger_insert(db, &row, "", &err), &err);
	assert_ok(db->engine->commit(db, &err), &err);
	talloc_free(db);
}

/* The name in its one row, "none", or the error. */
static char *ledger_of(struct fixture *f, struct db *db)
{
	struct error err = { 0 };
	struct ledger *ledger;

	if (ledger_read(f, db, &ledger, &err) < 0)
		return pgt_error(f, &err);
	if (!ledger->exists)
		return talloc_strdup(f, "none");
	assert_int_equal(ledger->count, 1);
	return talloc_strdup(f, ledger->rows[0].name);
}

/* What a new session sees, reading first, and locking first. */
static void new_sessions_see(struct fixture *f, const char *expected)
{
	struct db *reader = pgt_open(f, f->url);
	struct db *runner = pgt_open(f, f->url);
	struct error err = { 0 };

	assert_string_equal(ledger_of(f, reader), expected);
	if (runner->engine->lock(runner, &err) < 0)
		assert_string_equal(pgt_error(f, &err), expected);
	else
		assert_string_equal(ledger_of(f, runner), expected);
	talloc_free(runner);
	talloc_free(reader);
}

/* ALTER DATABASE ... SET search_path, as a migration may do it. */
static void set_path(struct fixture *f, const char *path)
{
	pgt_sql(f->db, talloc_asprintf(f,
				       "ALTER DATABASE \"%s\" "
				       "SET search_path = %s",
				       f->db->database, path));
}

static void finds_it_where_the_search_path_does_not_lead(void **state)
{
	struct fixture *f = *state;

	new_sessions_see(f, "none");
	make_ledger(f, "public");
	new_sessions_see(f, "public");
	pgt_sql(f->db, "CREATE SCHEMA app");
	set_path(f, "app, public");
	new_sessions_see(f, "public");
	set_path(f, "app");
	new_sessions_see(f, "public");
	set_path(f, "nosuch");
	new_sessions_see(f, "public");
}

static void prefers_the_search_path(void **state)
{
	struct fixture *f = *state;

	make_ledger(f, "one");
	make_ledger(f, "two");
	set_path(f, "two, one");
	new_sessions_see(f, "two");
	set_path(f, "public, one");
	new_sessions_see(f, "one");
}

static void asks_which_of_several_is_meant(void **state)
{
	struct fixture *f = *state;
	char *expected;

	make_ledger(f, "one");
	make_ledger(f, "two");
	expected = talloc_asprintf(
		f,
		"%d|'%s' has a ledger in several schemas, none of them on the "
		"search path: one, two||say in the target's URL which one is "
		"meant: ?options=-csearch_path%%3DSCHEMA||:0:0",
		ERROR_REFUSED, f->db->label);
	new_sessions_see(f, expected);
	assert_string_equal(ledger_of(f, open_in(f, "one")), "one");
	assert_string_equal(ledger_of(f, open_in(f, "two")), "two");
}

static void makes_another_where_the_connection_says_so(void **state)
{
	struct fixture *f = *state;

	make_ledger(f, "one");
	pgt_sql(f->db, "CREATE SCHEMA two");
	assert_string_equal(ledger_of(f, open_in(f, "two")), "none");
	make_ledger(f, "two");
	assert_string_equal(ledger_of(f, open_in(f, "two")), "two");
}

static void passes_over_what_is_no_table(void **state)
{
	struct fixture *f = *state;

	make_ledger(f, "public");
	pgt_sql(f->db, "CREATE SCHEMA app; CREATE VIEW app.git_migrations AS "
		       "SELECT 1 AS version; CREATE VIEW app.git_migrate_meta "
		       "AS SELECT 'ledger_version' AS name, '1' AS value");
	set_path(f, "app, public");
	new_sessions_see(f, "public");
	set_path(f, "DEFAULT");
	/* written so that our own session does not take them for the ledger */
	pgt_sql(f->db, "CREATE TEMP TABLE a (version int); "
		       "CREATE TEMP TABLE b AS "
		       "SELECT 'ledger_version' AS name, '99' AS value; "
		       "ALTER TABLE a RENAME TO U&\"git\\005fmigrations\"; "
		       "ALTER TABLE b RENAME TO U&\"git\\005fmigrate_meta\"");
	assert_string_equal(ledger_of(f, f->db), "public");
}

static void refuses_one_of_somebody_else(void **state)
{
	struct fixture *f = *state;
	struct db_options options = { .read_only = true };
	struct error err = { 0 };
	struct db *reader;
	char *expected;

	make_ledger(f, "public");
	pgt_sql(f->db, "CREATE ROLE unit_other; ALTER TABLE git_migrations "
		       "OWNER TO unit_other");
	expected = talloc_asprintf(
		f,
		"%d|the ledger of '%s' in the schema 'public' belongs to "
		"'unit_other', who could make us run anything||run as that "
		"role, or when it is yours: ALTER TABLE "
		"\"public\".git_migrations OWNER TO CURRENT_USER||:0:0",
		ERROR_REFUSED, f->db->label);
	new_sessions_see(f, expected);
	assert_ok(db_open(f, f->url, &options, &reader, &err), &err);
	assert_string_equal(ledger_of(f, reader), "public");
	pgt_sql(f->db, "ALTER TABLE git_migrations OWNER TO CURRENT_USER; "
		       "DROP ROLE unit_other");
	new_sessions_see(f, "public");
}

static void says_that_a_database_is_read_only(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct db *db;
	char *expected;

	make_ledger(f, "public");
	pgt_sql(f->db, talloc_asprintf(f,
				       "ALTER DATABASE \"%s\" SET "
				       "default_transaction_read_only = on",
				       f->db->database));
	db = pgt_open(f, f->url);
	expected = talloc_asprintf(
		f,
		"%d|'%s' is read-only||default_transaction_read_only is on "
		"here: connect as another role, or look at it in \\drds and "
		"postgresql.conf||:0:0",
		ERROR_FAILED, f->db->label);
	assert_string_equal(ledger_of(f, db), "public");
	assert_int_equal(db->engine->lock(db, &err), -1);
	assert_string_equal(pgt_error(f, &err), expected);
}

/* Before 14 only the first write tells. */
static void says_it_when_a_write_fails(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	char *expected = talloc_asprintf(
		f,
		"%d|unable to create the ledger in '%s': '%s' is read-only||"
		"default_transaction_read_only is on here: connect as another "
		"role, or look at it in \\drds and postgresql.conf||:0:0",
		ERROR_FAILED, f->db->label, f->db->label);

	assert_ok(f->db->engine->lock(f->db, &err), &err);
	pgt_sql(f->db, "SET default_transaction_read_only = on");
	assert_int_equal(ledger_create(f->db, &err), -1);
	assert_string_equal(pgt_error(f, &err), expected);
	assert_ok(f->db->engine->unlock(f->db, &err), &err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_it_where_the_search_path_does_not_lead),
		TEST(prefers_the_search_path),
		TEST(asks_which_of_several_is_meant),
		TEST(makes_another_where_the_connection_says_so),
		TEST(passes_over_what_is_no_table),
		TEST(refuses_one_of_somebody_else),
		TEST(says_that_a_database_is_read_only),
		TEST(says_it_when_a_write_fails),
	};

	return cmocka_run_group_tests(tests, pgt_setup, pgt_teardown);
}
