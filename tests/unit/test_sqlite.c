/* The SQLite engine against real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/text.h"
#include "tests/unit/sqlite_bed.h"

/* --- opening -------------------------------------------------------------- */

static void opens_each_form_of_url(void **state)
{
	struct bed *p = *state;
	const char *const urls[] = {
		"sqlite:a.db",
		"sqlite://a.db",
		"sqlite://%61.db",
		"sqlite://a.db?mode=rw&_journal_mode=WAL",
		talloc_asprintf(p, "sqlite:%s/a.db", p->folder),
		talloc_asprintf(p, "sqlite://%s/a.db", p->folder),
		talloc_asprintf(p, "sqlite://%s/%%61.db?mode=ro", p->folder),
	};

	bed_prepare(p, bed_open(p, "a.db"), "CREATE TABLE t (a)");
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		struct db *db;

		assert_true(sqlite->accepts(urls[i]));
		p->options.read_only = i == 6;
		assert_int_equal(
			sqlite->open(p, urls[i], &p->options, &db, &p->err), 0);
		assert_string_equal(db->label, "sqlite:a.db");
		assert_string_equal(db->database, "a.db");
		assert_int_equal(db->major, 3);
		assert_string_equal(
			bed_ask(p, db, "SELECT name FROM sqlite_schema"), "t");
		talloc_free(db);
	}
	p->options.read_only = false;
	bed_prepare(p, bed_open(p, "a%20b?c.db"), "CREATE TABLE t (a)");
	assert_true(bed_has(p, "a%20b?c.db"));
	assert_false(sqlite->accepts("postgresql://x"));
}

static void refuses_urls_it_cannot_use(void **state)
{
	static const char *const cases[][2] = {
		{ "sqlite::memory:",
		  "a SQLite database in memory would be gone before the next "
		  "command" },
		{ "sqlite:",
		  "a SQLite database in memory would be gone before the next "
		  "command" },
		{ "sqlite:///:memory:",
		  "a SQLite database in memory would be gone before the next "
		  "command" },
		{ "sqlite://a.db?mode=memory",
		  "a SQLite database cannot be opened with mode=memory" },
		{ "sqlite://a.db?key=secret",
		  "the parameter 'key' of a SQLite URL is not supported" },
		{ "sqlite://a%zz.db", "the SQLite URL has a malformed "
				      "%-escape" },
		{ "sqlite://a%00.db", "the SQLite URL has a malformed "
				      "%-escape" },
		{ "sqlite:file:a.db?mode=ro",
		  "sqlite:PATH takes no 'file:' URI" },
		{ "sqlite:.", "unable to open database '.': it is a folder" },
		{ "sqlite:no/a.db", "" },
		{ "sqlite:text.db",
		  "unable to open database 'text.db': file is not a "
		  "database" },
		{ "sqlite:pipe", "unable to open database 'pipe': it is no "
				 "regular file" },
	};
	struct bed *p = *state;
	FILE *f = fopen(bed_path(p, "text.db"), "w");

	fputs("this is a text file of more than a hundred characters, and "
	      "by no means a database of any kind that SQLite could read\n",
	      f);
	fclose(f);
	assert_int_equal(mkfifo(bed_path(p, "pipe"), 0600), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *expected = cases[i][1];
		struct db *db;

		if (!*expected)
			expected = talloc_asprintf(
				p,
				"unable to create database 'a.db': there "
				"is no folder '%s/no/'",
				p->folder);
		assert_int_equal(
			sqlite->open(p, cases[i][0], &p->options, &db, &p->err),
			-1);
		assert_string_equal(p->err.message, expected);
		error_release(&p->err);
	}
}

static void makes_a_missing_file_for_what_is_written(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	assert_string_equal(
		bed_ask(p, db, "SELECT count(*) FROM sqlite_schema"), "0");
	assert_int_equal(access(bed_path(p, "a.db"), F_OK), -1);
	assert_string_equal(bed_ask(p, db, "CREATE TABLE t (a)"), "");
	assert_string_equal(bed_ask(p, db, "SELECT count(*) FROM t"), "0");
	assert_int_equal(access(bed_path(p, "a.db"), F_OK), 0);
	talloc_free(db);
	db = bed_open(p, "a.db");
	assert_string_equal(bed_ask(p, db, "SELECT name FROM sqlite_schema"),
			    "t");
	talloc_free(db);
}

static void takes_a_missing_file_for_an_empty_database(void **state)
{
	struct bed *p = *state;
	struct catalog *catalog;
	struct db *db;
	bool estimated;
	int64_t rows;

	p->options.create = false;
	assert_int_equal(
		sqlite->open(p, "sqlite:a.db", &p->options, &db, &p->err), -1);
	assert_string_equal(p->err.message, "unable to open database 'a.db': "
					    "there is no such file");
	assert_int_equal(p->err.code, ERROR_CONNECTION);
	error_release(&p->err);
	p->options.read_only = true;
	db = bed_open(p, "a.db");
	assert_string_equal(
		bed_ask(p, db, "SELECT count(*) FROM sqlite_schema"), "0");
	assert_string_equal(bed_ask(p, db, "SELECT 1 FROM git_migrations"),
			    "error: no such table: git_migrations");
	assert_int_equal(
		sqlite->count_rows(db, "t", 10, &rows, &estimated, &p->err), 0);
	assert_int_equal(rows, -1);
	assert_int_equal(sqlite->catalog(p, db, &catalog, &p->err), 0);
	assert_int_equal(catalog->count, 0);
	talloc_free(db);
	assert_false(bed_has(p, "a.db"));
}

static void keeps_its_promise_not_to_write(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_prepare(p, db, "CREATE TABLE t (a)");
	p->options.read_only = true;
	db = bed_open(p, "a.db");
	assert_string_equal(bed_ask(p, db, "INSERT INTO t VALUES (1)"),
			    "error: database 'a.db' is read-only: attempt to "
			    "write a readonly database");
	p->options.read_only = false;
	assert_int_equal(sqlite->open(p, "sqlite://a.db?mode=ro", &p->options,
				      &db, &p->err),
			 -1);
	assert_string_equal(p->err.message, "database 'a.db' is read-only");
	assert_int_equal(p->err.code, ERROR_CONNECTION);
}

/* --- queries -------------------------------------------------------------- */

static int stop_at_two(const char *const *values, int count, void *data)
{
	(void)count;
	(void)data;
	return strcmp(values[0], "2") ? 0 : 7;
}

struct nested {
	struct bed *p;
	struct db *db;
};

static int ask_again(const char *const *values, int count, void *data)
{
	struct nested *n = data;

	(void)values;
	(void)count;
	assert_string_equal(bed_ask(n->p, n->db, "SELECT a FROM t"), "1;2;3");
	return 0;
}

static void binds_parameters_and_passes_rows(void **state)
{
	static const char insert[] = "INSERT INTO t VALUES ($1, $2)";
	static const char *const values[] = { "1", "x'y", "2", NULL };
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");
	struct nested nested = { p, db };

	bed_prepare(p, db, "CREATE TABLE t (a bigint, b)");
	assert_int_equal(sqlite->queue(db, insert, values, 2, &p->err), 0);
	assert_int_equal(sqlite->queue(db, insert, values + 2, 2, &p->err), 0);
	bed_prepare(p, db, "INSERT INTO t VALUES (3, 3.5)");
	assert_string_equal(bed_ask(p, db, "SELECT a, b, typeof(a) FROM t"),
			    "1|x'y|integer;2|NULL|integer;3|3.5|integer");
	assert_int_equal(sqlite->query(db, "SELECT a FROM t", NULL, 0,
				       stop_at_two, NULL, &p->err),
			 7);
	assert_int_equal(sqlite->query(db, "SELECT a FROM t", NULL, 0,
				       ask_again, &nested, &p->err),
			 0);
	assert_string_equal(bed_ask(p, db, "SELECT nonsense"),
			    "error: no such column: nonsense");
	/* many statements: those that are kept must not mix up */
	for (int i = 0; i < 100; i++)
		assert_string_equal(
			bed_ask(p, db, talloc_asprintf(p, "SELECT %d", i % 50)),
			talloc_asprintf(p, "%d", i % 50));
}

/* --- splitting ------------------------------------------------------------ */

static char *split_of(struct bed *p, const char *text)
{
	struct script *s = bed_script(p, text);
	char *out = talloc_strdup(p, s->wrapped ? "wrapped " : "");

	if (s->no_transaction)
		out = talloc_strdup_append(out, "outside ");
	for (size_t i = 0; i < s->statement_count; i++)
		out = talloc_asprintf_append(out, "<%s>",
					     s->statements[i].kind);
	return out;
}

static void splits_and_decides_on_the_transaction(void **state)
{
	static const char *const cases[][2] = {
		{ "CREATE TABLE t (a); INSERT INTO t VALUES (1)",
		  "<CREATE TABLE><INSERT>" },
		{ "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; "
		  "DELETE FROM v; END; DROP TABLE w",
		  "<CREATE TRIGGER><DROP TABLE>" },
		{ "BEGIN; DROP TABLE t; COMMIT", "wrapped <DROP TABLE>" },
		{ "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; DROP TABLE t; "
		  "END; PRAGMA foreign_key_check; PRAGMA foreign_keys = ON",
		  "wrapped <PRAGMA><DROP TABLE><PRAGMA><PRAGMA>" },
		{ "PRAGMA journal_mode = WAL; BEGIN; DROP TABLE t; COMMIT",
		  "outside <PRAGMA><BEGIN><DROP TABLE><COMMIT>" },
		{ "PRAGMA foreign_keys = OFF; BEGIN; SAVEPOINT a; RELEASE a; "
		  "COMMIT",
		  "outside <PRAGMA><BEGIN><SAVEPOINT><RELEASE><COMMIT>" },
		{ "VACUUM", "outside <VACUUM>" },
		{ "VACUUM INTO 'x.db'", "outside <VACUUM>" },
		{ "pragma main.journal_mode(delete)", "outside <PRAGMA>" },
		{ "PRAGMA synchronous=off", "outside <PRAGMA>" },
		{ "PRAGMA wal_checkpoint", "outside <PRAGMA>" },
		{ "ATTACH 'x' AS x; DETACH x", "outside <ATTACH><DETACH>" },
		{ "PRAGMA journal_mode; PRAGMA user_version = 3; ATTACH 'x' "
		  "AS x; ANALYZE",
		  "<PRAGMA><PRAGMA><ATTACH><ANALYZE>" },
		{ "-- migrate: no-transaction\nBEGIN; SELECT 1; COMMIT",
		  "outside <BEGIN><SELECT><COMMIT>" },
		{ "", "" },
	};
	struct bed *p = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(split_of(p, cases[i][0]), cases[i][1]);
}

/* Each statement that the split calls fit for a transaction does run in one,
   and each that it does not, does not. */
static void knows_what_sqlite_refuses_in_a_transaction(void **state)
{
	static const char *const statements[] = {
		"VACUUM",
		"VACUUM INTO 'out.db'",
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = OFF",
		"PRAGMA wal_checkpoint",
		"ANALYZE",
		"REINDEX",
		"ATTACH ':memory:' AS m",
		"PRAGMA page_size = 8192",
		"PRAGMA foreign_keys = ON",
		"PRAGMA user_version = 2",
		"PRAGMA incremental_vacuum",
		"PRAGMA optimize",
		"PRAGMA integrity_check",
		"PRAGMA locking_mode = NORMAL",
		"PRAGMA auto_vacuum = 1",
		"PRAGMA cache_size = 100",
		"PRAGMA encoding = 'UTF-16'",
		"PRAGMA secure_delete = 1",
	};
	struct bed *p = *state;

	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		struct db *db = bed_open(p, "a.db");
		char *result;

		assert_int_equal(chdir(p->folder), 0);
		bed_prepare(p, db,
			    "CREATE TABLE IF NOT EXISTS t (a);"
			    "INSERT INTO t VALUES (1); BEGIN IMMEDIATE");
		result = bed_ask(p, db, statements[i]);
		assert_int_equal(strncmp(result, "error", 5) == 0,
				 bed_script(p, statements[i])->no_transaction);
		talloc_free(db);
	}
}

/* --- waiting and giving up ------------------------------------------------ */

struct patience {
	int ticks, limit;
	bool waited;
};

static int count_tick(const char *waiting_for, void *data)
{
	struct patience *patience = data;

	if (waiting_for) {
		assert_string_equal(waiting_for, "the lock on 'a.db'");
		patience->waited = true;
	}
	return ++patience->ticks >= patience->limit;
}

static void waits_for_the_lock_as_long_as_it_may(void **state)
{
	struct bed *p = *state;
	struct patience patience = { 0, 1000, false };
	struct db *first = bed_open(p, "a.db"), *second;
	int64_t started;

	bed_prepare(p, first, "CREATE TABLE t (a)");
	p->options.wait_ms = 300;
	p->options.tick = count_tick;
	p->options.tick_data = &patience;
	second = bed_open(p, "a.db");
	assert_int_equal(sqlite->begin(first, NULL, &p->err), 0);
	started = clock_mono_us();
	assert_int_equal(sqlite->begin(second, NULL, &p->err), -1);
	assert_true(clock_mono_us() - started >= 300000);
	assert_true(clock_mono_us() - started < 3000000);
	assert_int_equal(p->err.code, ERROR_BUSY);
	assert_string_equal(p->err.message,
			    "database 'a.db' is locked by another process");
	assert_true(patience.waited);
	assert_true(patience.ticks <= 4);
	patience.limit = patience.ticks + 1;
	assert_int_equal(sqlite->begin(second, NULL, &p->err), -1);
	assert_int_equal(p->err.code, ERROR_INTERRUPTED);
	assert_int_equal(sqlite->commit(first, &p->err), 0);
	patience.limit = 1000;
	assert_int_equal(sqlite->begin(second, NULL, &p->err), 0);
	assert_int_equal(sqlite->commit(second, &p->err), 0);
}

static void stops_a_long_statement_when_told(void **state)
{
	struct bed *p = *state;
	struct patience patience = { 0, 2, false };
	struct db *db;

	p->options.tick = count_tick;
	p->options.tick_data = &patience;
	db = bed_open(p, "a.db");
	bed_prepare(p, db, "CREATE TABLE t (a)");
	assert_int_equal(bed_run(p, db,
				 "INSERT INTO t VALUES (1);"
				 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
				 "SELECT i + 1 FROM n) SELECT max(i) FROM n",
				 NULL),
			 -1);
	assert_int_equal(p->err.code, ERROR_INTERRUPTED);
	patience.limit = 1000;
	assert_string_equal(bed_ask(p, db, "SELECT count(*) FROM t"), "0");
	bed_runs(p, db, "INSERT INTO t VALUES (1)");
}

/* --- counting ------------------------------------------------------------- */

static char *count_of(struct bed *p, struct db *db, const char *table,
		      int64_t limit)
{
	bool estimated;
	int64_t rows;

	assert_int_equal(sqlite->count_rows(db, table, limit, &rows, &estimated,
					    &p->err),
			 0);
	return talloc_asprintf(p, "%s%d", estimated ? "~" : "", (int)rows);
}

static void counts_exactly_what_is_small(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_prepare(p, db,
		    "CREATE TABLE t (a); CREATE TABLE \"a.b\" (rowid);"
		    "CREATE TABLE gaps (id INTEGER PRIMARY KEY);"
		    "INSERT INTO gaps VALUES (9000000000000000000), (1);"
		    "CREATE TABLE k (a PRIMARY KEY) WITHOUT ROWID;"
		    "CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING "
		    "fts5(a); INSERT INTO f VALUES ('x');"
		    "CREATE TEMP TABLE tt (a); INSERT INTO tt VALUES (1);"
		    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		    "FROM n LIMIT 5000) INSERT INTO t SELECT i FROM n;"
		    "INSERT INTO k SELECT a FROM t; INSERT INTO \"a.b\" VALUES "
		    "('x'); DELETE FROM t WHERE a = 7");
	assert_string_equal(count_of(p, db, "t", 10000), "4999");
	assert_string_equal(count_of(p, db, "T", 1000), "~5000");
	assert_string_equal(count_of(p, db, "gaps", 1), "2");
	assert_string_equal(count_of(p, db, "k", 10), "5000");
	assert_string_equal(count_of(p, db, "a.b", 10), "1");
	assert_string_equal(count_of(p, db, "temp.tt", 10), "1");
	assert_string_equal(count_of(p, db, "v", 10), "-1");
	assert_string_equal(count_of(p, db, "f", 10), "-1");
	assert_string_equal(count_of(p, db, "nothing", 10), "-1");
	bed_prepare(p, db,
		    "CREATE INDEX i ON gaps (id); ANALYZE;"
		    "UPDATE sqlite_stat1 SET stat = '4000 1' WHERE tbl = "
		    "'gaps'");
	assert_string_equal(count_of(p, db, "gaps", 1), "~4000");
}

/* Runs a script and counts the table along with it: "before/after", with what
   was known before the commit in between where that is not the end of it. */
static char *count_along(struct bed *p, struct db *db, const char *table,
			 const char *text, int64_t limit)
{
	struct script *script = bed_script(p, text);
	struct facts *facts = facts_new(p, 1, "x", DIRECTION_UP);
	struct db_count before = { .table = table, .rows = -1 };
	struct db_count after = before;
	char *told;

	sqlite->count_along(db, &before, 1, limit);
	assert_int_equal(sqlite->begin(db, script, &p->err), 0);
	for (size_t n = 0; n < script->statement_count; n++)
		assert_int_equal(sqlite->execute(db, script, n, facts, &p->err),
				 0);
	sqlite->count_along(db, &after, 1, limit);
	told = talloc_asprintf(p, "%d/%d", (int)before.rows, (int)after.rows);
	assert_int_equal(sqlite->commit(db, &p->err), 0);
	return talloc_asprintf_append(told, "/%s%d", after.estimated ? "~" : "",
				      (int)after.rows);
}

static void counts_along_with_a_script(void **state)
{
	static const char *const more =
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		"FROM n LIMIT 997) INSERT INTO t SELECT i FROM n";
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	assert_string_equal(count_along(p, db, "t", "CREATE TABLE t (a)", 9000),
			    "-1/0/0");
	assert_string_equal(count_along(p, db, "t",
					"INSERT INTO t VALUES (1), (2), (3)",
					9000),
			    "0/3/3");
	assert_string_equal(count_along(p, db, "t", more, 9000), "3/1000/1000");
	/* too many to be counted while others wait */
	assert_string_equal(
		count_along(p, db, "t", "INSERT INTO t VALUES (1)", 9000),
		"1000/-1/1001");
	assert_string_equal(
		count_along(p, db, "t", "INSERT INTO t VALUES (1)", 10),
		"1001/-1/~1002");
	assert_string_equal(count_along(p, db, "t", "DELETE FROM t", 10),
			    "1002/0/0");
	assert_string_equal(count_along(p, db, "t", "DROP TABLE t", 9000),
			    "0/-1/-1");
	assert_string_equal(
		count_along(p, db, "v", "CREATE VIEW v AS SELECT 1", 9000),
		"-1/-1/-1");
}

/* What was left to be counted is forgotten with the transaction: `counts` is
   gone when the next one commits. */
static void counts_nothing_after_a_rollback(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");
	struct db_count *count = talloc_zero(p, struct db_count);

	bed_prepare(p, db,
		    "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)");
	*count = (struct db_count){ .table = "t", .rows = -1 };
	assert_int_equal(sqlite->begin(db, NULL, &p->err), 0);
	sqlite->count_along(db, count, 1, 2);
	assert_int_equal(count->rows, -1);
	sqlite->rollback(db);
	assert_int_equal(sqlite->begin(db, NULL, &p->err), 0);
	assert_int_equal(sqlite->commit(db, &p->err), 0);
	assert_int_equal(count->rows, -1);
}

/* --- scratch databases, names --------------------------------------------- */

static void makes_and_removes_scratch_databases(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db"), *scratch, *copy;
	char *url = talloc_asprintf(p, "sqlite:%s/s", p->folder);
	const char *before = getenv("TMPDIR");
	char *tmp = talloc_strdup(p, before ? before : "/tmp");

	setenv("TMPDIR", p->folder, 1);
	/* the file is there from here on, or the setting would be lost */
	assert_int_equal(sqlite->lock(db, &p->err), 0);
	assert_int_equal(sqlite->unlock(db, &p->err), 0);
	bed_prepare(p, db, "PRAGMA encoding = 'UTF-16le';" FAMILY);
	assert_int_equal(sqlite->scratch(p, db, NULL, &scratch, &p->err), 0);
	assert_string_equal(bed_ask(p, scratch, "SELECT * FROM sqlite_schema"),
			    "");
	bed_runs(p, scratch, "PRAGMA cache_size = 3; CREATE TABLE x (a)");
	assert_string_equal(bed_ask(p, scratch, "PRAGMA encoding"), "UTF-16le");
	bed_runs(p, scratch, "INSERT INTO x VALUES (1)");
	assert_string_equal(bed_ask(p, scratch, "PRAGMA synchronous"), "0");
	assert_int_equal(sqlite->scratch_copy(p, db, &copy, &p->err), 0);
	assert_string_equal(bed_ask(p, copy, "SELECT count(*) FROM child"),
			    "3");
	bed_runs(p, copy, "DROP TABLE child");
	assert_string_equal(bed_ask(p, db, "SELECT count(*) FROM child"), "3");
	talloc_free(copy);
	talloc_free(scratch);
	assert_int_equal(mkdir(bed_path(p, "s"), 0700), 0);
	assert_int_equal(sqlite->scratch(p, db, url, &scratch, &p->err), 0);
	bed_runs(p, scratch, "PRAGMA journal_mode = WAL; CREATE TABLE y (a)");
	assert_int_not_equal(rmdir(bed_path(p, "s")), 0);
	talloc_free(scratch);
	assert_int_equal(rmdir(bed_path(p, "s")), 0);
	talloc_free(db);
	unlink(bed_path(p, "a.db"));
	assert_int_equal(rmdir(p->folder), 0);
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_equal(mkdir(p->folder, 0700), 0);
	db = bed_open(p, "a.db");
	assert_int_equal(sqlite->scratch(p, db, NULL, &scratch, &p->err), -1);
	assert_string_equal(p->err.message,
			    "unable to create a scratch database in "
			    "'/nowhere': No such file or directory");
	setenv("TMPDIR", tmp, 1);
}

static void quotes_only_where_it_must(void **state)
{
	static const char *const cases[][2] = {
		{ "users", "users" },
		{ "Order", "\"Order\"" },
		{ "a b", "\"a b\"" },
		{ "a\"b", "\"a\"\"b\"" },
		{ "1a", "\"1a\"" },
		{ "", "\"\"" },
		{ "gr\xc3\xb6\xc3\x9f"
		  "e",
		  "gr\xc3\xb6\xc3\x9f"
		  "e" },
	};
	struct bed *p = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *quoted = sqlite->quote_name(p, cases[i][0]);

		assert_string_equal(quoted, cases[i][1]);
		assert_string_equal(sqlite->fold_name(p, quoted), cases[i][0]);
	}
	assert_string_equal(sqlite->fold_name(p, "[a]"), "a");
	assert_string_equal(sqlite->fold_name(p, "`a``b`"), "a`b");
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_each_form_of_url),
		TEST(refuses_urls_it_cannot_use),
		TEST(makes_a_missing_file_for_what_is_written),
		TEST(takes_a_missing_file_for_an_empty_database),
		TEST(keeps_its_promise_not_to_write),
		TEST(binds_parameters_and_passes_rows),
		TEST(splits_and_decides_on_the_transaction),
		TEST(knows_what_sqlite_refuses_in_a_transaction),
		TEST(waits_for_the_lock_as_long_as_it_may),
		TEST(stops_a_long_statement_when_told),
		TEST(counts_exactly_what_is_small),
		TEST(counts_along_with_a_script),
		TEST(counts_nothing_after_a_rollback),
		TEST(makes_and_removes_scratch_databases),
		TEST(quotes_only_where_it_must),
	};

	return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
