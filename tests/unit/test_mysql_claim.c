#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/ledger.h"
#include "core/run/runner.h"
#include "tests/unit/mysql_bed.h"

/* What is recorded on MariaDB: in how many round trips, whether it is what was
   meant, and what is said of a migration before its turn. */

struct fixture {
	struct db *db;
	struct runner runner;
	struct plan_item items[2];
	struct error err;
};

/* A migration that makes a table of its name. */
static struct plan_item item(TALLOC_CTX *mem, int64_t version, const char *name,
			     const char *up)
{
	struct error err = { 0 };
	struct plan_item made = {
		.version = version,
		.name = name,
		.direction = DIRECTION_UP,
		.path = "up.sql",
		.blob = "1",
		.down_blob = "2",
		.source = "commit",
		.down_text = talloc_asprintf(mem, "DROP TABLE %s", name),
	};

	if (script_parse(mem, "up.sql", talloc_strdup(mem, up), strlen(up),
			 SQL_MYSQL, &made.script, &err) < 0)
		fail_msg("%s", err.message);
	return made;
}

static int fresh(void **state)
{
	struct fixture *f = talloc_zero(NULL, struct fixture);
	char *url = myt_create(f);

	if (!url)
		return -1;
	f->db = myt_open(f, url);
	assert_int_equal(ledger_create(f->db, &f->err), 0);
	assert_int_equal(my_lock(f->db, &f->err), 0);
	f->runner = (struct runner){ .db = f->db,
				     .count_limit = 1000,
				     .identity = "somebody",
				     .tool = "test",
				     .record = true,
				     .alone = true };
	f->items[0] = item(f, 1, "a", "CREATE TABLE a (id int);");
	f->items[1] = item(f, 2, "b", "CREATE TABLE b (id int);");
	*state = f;
	return 0;
}

static int done(void **state)
{
	struct fixture *f = *state;

	myt_drop(f->db);
	error_release(&f->err);
	talloc_free(f);
	return 0;
}

/* --- statements that are sent together ------------------------------------ */

static void queue(struct fixture *f, const char *statement, const char *a,
		  const char *b)
{
	const char *params[] = { a, b };

	assert_int_equal(my_session_queue(f->db, statement, params, 2, &f->err),
			 0);
}

static void begin(struct fixture *f)
{
	assert_int_equal(my_session_begin(f->db, NULL, &f->err), 0);
}

static void reads_what_was_written(struct fixture *f, const char *value)
{
	const char *params[] = { value };
	char same[256] = "";

	myt_sql(f->db, "DELETE FROM t");
	begin(f);
	queue(f, "INSERT INTO t VALUES ($1, $2)", "1", value);
	queue(f, "INSERT INTO t VALUES ($1, $2)", "2", NULL);
	assert_int_equal(my_session_commit(f->db, &f->err), 0);
	assert_int_equal(my_query(&my_of(f->db)->main,
				  "SELECT count(*) FROM t WHERE a = $1 OR "
				  "(id = 2 AND a IS NULL)",
				  params, 1, myt_take, same, &f->err),
			 0);
	assert_string_equal(same, "2");
}

static void quotes_as_the_server_reads(void **state)
{
	static const char *const values[] = {
		"",
		"plain",
		"it's",
		"a\\",
		"\\'; DROP TABLE t; -- ",
		"\"quoted\" `name`",
		"é😀",
		"two\nlines\ttab\r\032",
		"$1 ? %s",
	};
	static const char *const modes[] = {
		"SET sql_mode = DEFAULT",
		"SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
		"SET sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'",
		"SET sql_mode = ''",
	};
	struct fixture *f = *state;

	myt_sql(f->db,
		"CREATE TABLE t (id int, a longtext) CHARACTER SET utf8mb4 "
		"COLLATE utf8mb4_bin");
	for (size_t m = 0; m < 4; m++) {
		myt_sql(f->db, modes[m]);
		for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
			reads_what_was_written(f, values[i]);
	}
}

static void sends_what_is_long_by_itself(void **state)
{
	struct fixture *f = *state;
	char *value = talloc_zero_size(f, 300001);

	memset(value, '\'', 300000);
	myt_sql(f->db, "CREATE TABLE t (id int, a longtext)");
	reads_what_was_written(f, value);
}

static void commits_nothing_that_others_have_changed(void **state)
{
	struct fixture *f = *state;
	const char *params[] = { "2" };

	myt_sql(f->db, "CREATE TABLE t (id int, a text)");
	myt_sql(f->db, "INSERT INTO t VALUES (1, 'one')");
	begin(f);
	queue(f, "UPDATE t SET id = $1, a = $2", "3", "three");
	assert_int_equal(my_session_queue_one(f->db,
					      "DELETE FROM t WHERE id = $1",
					      params, 1, &f->err),
			 0);
	queue(f, "INSERT INTO t VALUES ($1, $2)", "4", "four");
	assert_int_equal(my_session_commit(f->db, &f->err), -1);
	assert_int_equal(f->err.code, ERROR_BUSY);
	my_session_rollback(f->db);
	assert_int_equal(f->db->ended, DB_ROLLED_BACK);
	assert_string_equal(myt_ask(f->db, "SELECT group_concat(id, a) FROM t"),
			    "1one");
}

static void forgets_what_was_not_sent(void **state)
{
	struct fixture *f = *state;

	myt_sql(f->db, "CREATE TABLE t (id int, a text)");
	begin(f);
	queue(f, "INSERT INTO t VALUES ($1, $2)", "1", "one");
	assert_string_equal(myt_ask(f->db, "SELECT count(*) FROM t"), "0");
	my_session_rollback(f->db);
	begin(f);
	queue(f, "INSERT INTO t VALUES ($1, $2)", "2", "two");
	assert_int_equal(my_session_commit(f->db, &f->err), 0);
	assert_string_equal(myt_ask(f->db, "SELECT group_concat(id) FROM t"),
			    "2");
}

/* Nor after the session was brought back to its beginning. */
static void runs_one_statement_of_a_script_at_a_time(void **state)
{
	static const char two[] = "INSERT INTO t VALUES (8); "
				  "INSERT INTO t VALUES (9)";
	struct fixture *f = *state;
	struct my_conn *c = &my_of(f->db)->main;

	myt_sql(f->db, "CREATE TABLE t (id int)");
	for (int times = 0; times < 2; times++) {
		begin(f);
		queue(f, "INSERT INTO t VALUES ($1 + $2)", "1", "2");
		assert_int_equal(my_session_commit(f->db, &f->err), 0);
		if (times)
			assert_int_equal(my_conn_reset(c, &f->err), 0);
		assert_int_equal(my_run_sql(c, two, &f->err), -1);
		assert_int_equal(c->failed, 1064);
		error_release(&f->err);
	}
	assert_string_equal(myt_ask(f->db, "SELECT group_concat(id) FROM t"),
			    "3,3");
}

/* --- what is claimed ahead ------------------------------------------------ */

#define LEDGER                                                                 \
	"SELECT group_concat(m.version, ' ', m.state, coalesce(concat(' ', "   \
	"p.done, p.started, p.witness), '') ORDER BY m.version SEPARATOR "     \
	"', ') FROM git_migrations AS m LEFT JOIN git_migrate_progress AS p "  \
	"USING (version)"

static void run(struct fixture *f, size_t n, const struct plan_item *next)
{
	struct facts *facts;

	f->runner.next = next;
	if (runner_run(f, &f->runner, &f->items[n], &facts, &f->err) < 0)
		fail_msg("%s", f->err.message);
	assert_true(facts->ok);
	assert_int_equal(runner_finish(&f->runner, &f->err), 0);
}

static const char *ledger(struct fixture *f)
{
	return myt_ask(f->db, LEDGER);
}

static void claims_the_next_one(void **state)
{
	struct fixture *f = *state;

	run(f, 0, &f->items[1]);
	assert_string_equal(ledger(f), "1 applied, 2 unfinished 010");
	run(f, 1, NULL);
	assert_string_equal(ledger(f), "1 applied, 2 applied");
}

static void takes_back_what_is_not_begun(void **state)
{
	struct fixture *f = *state;

	run(f, 0, &f->items[1]);
	assert_int_equal(runner_let_go(&f->runner, &f->items[1], &f->err), 0);
	assert_string_equal(ledger(f), "1 applied, 2 unfinished 010");
	assert_int_equal(runner_let_go(&f->runner, NULL, &f->err), 0);
	assert_string_equal(ledger(f), "1 applied");
	assert_int_equal(runner_let_go(&f->runner, NULL, &f->err), 0);
	run(f, 1, NULL);
	assert_string_equal(ledger(f), "1 applied, 2 applied");
}

static void takes_it_back_for_another_one(void **state)
{
	struct fixture *f = *state;

	run(f, 0, &f->items[1]);
	f->items[0] = item(f, 3, "c", "CREATE TABLE c (id int);");
	run(f, 0, NULL);
	assert_string_equal(ledger(f), "1 applied, 3 applied");
}

/* What stands in the claim of the second one is what the catalog says of it now
   that the first is done. */
static void knows_what_the_first_has_made(struct fixture *f, const char *first,
					  const char *second)
{
	char *now;

	f->items[0] = item(f, f->items[0].version + 10, "x", first);
	f->items[1] = item(f, f->items[0].version + 1, "y", second);
	run(f, 0, &f->items[1]);
	assert_int_equal(
		my_witness(f, f->db, f->items[1].script, 0, &now, &f->err), 0);
	assert_non_null(now);
	assert_string_equal(
		myt_ask(f->db, "SELECT witness FROM git_migrate_progress"),
		now);
	run(f, 1, NULL);
}

static void claims_with_what_is_there_by_then(void **state)
{
	static const char *const pairs[][2] = {
		{ "CREATE TABLE a (id int);", "ALTER TABLE a ADD b int;" },
		{ "ALTER TABLE a RENAME TO c;", "ALTER TABLE c ADD d int;" },
		{ "RENAME TABLE c TO e;", "CREATE TABLE c (id int);" },
		{ "DROP TABLE c;", "CREATE TABLE C (id int);" },
		{ "ALTER TABLE e ADD f int;", "CREATE INDEX i ON e (f);" },
		{ "CREATE TABLE g (id int);", "CREATE TABLE h (id int);" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		knows_what_the_first_has_made(f, pairs[i][0], pairs[i][1]);
}

static void is_not_claimed(struct fixture *f, const struct plan_item *next)
{
	run(f, 0, next);
	assert_string_equal(ledger(f), "1 applied");
}

static void claims_nothing_that_others_may_run(void **state)
{
	struct fixture *f = *state;

	f->runner.alone = false;
	is_not_claimed(f, &f->items[1]);
}

/* It is read, and perhaps refused, when its turn comes. */
static void claims_nothing_that_is_not_read(void **state)
{
	struct fixture *f = *state;

	f->items[1].script = NULL;
	is_not_claimed(f, &f->items[1]);
}

static void claims_nothing_that_is_one_transaction(void **state)
{
	struct fixture *f = *state;

	f->items[1] = item(f, 2, "b", "INSERT INTO a VALUES (1);");
	is_not_claimed(f, &f->items[1]);
}

/* Whether it was carried out would be a question. */
static void claims_nothing_that_leaves_no_trace(void **state)
{
	struct fixture *f = *state;

	f->items[1] = item(f, 2, "b", "CALL nothing();");
	is_not_claimed(f, &f->items[1]);
}

/* The script lets go of all locks: others may be at work. */
static void claims_nothing_without_the_lock(void **state)
{
	struct fixture *f = *state;

	f->items[0] = item(f, 1, "a",
			   "CREATE TABLE a (id int); "
			   "INSERT INTO a SELECT RELEASE_ALL_LOCKS();");
	is_not_claimed(f, &f->items[1]);
	run(f, 1, NULL);
	assert_string_equal(ledger(f), "1 applied, 2 applied");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(quotes_as_the_server_reads),
		TEST(sends_what_is_long_by_itself),
		TEST(commits_nothing_that_others_have_changed),
		TEST(forgets_what_was_not_sent),
		TEST(runs_one_statement_of_a_script_at_a_time),
		TEST(claims_the_next_one),
		TEST(takes_back_what_is_not_begun),
		TEST(takes_it_back_for_another_one),
		TEST(claims_with_what_is_there_by_then),
		TEST(claims_nothing_that_others_may_run),
		TEST(claims_nothing_that_is_not_read),
		TEST(claims_nothing_that_is_one_transaction),
		TEST(claims_nothing_that_leaves_no_trace),
		TEST(claims_nothing_without_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
