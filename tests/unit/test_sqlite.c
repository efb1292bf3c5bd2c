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
#include "core/db/db.h"

static const struct db_engine *const sqlite = &db_engine_sqlite;

/* A folder of its own for each test, and what it allocates. */
struct place {
	TALLOC_CTX *mem;
	char *folder;
	struct db_options options;
	struct error err;
};

static int set_up(void **state)
{
	struct place *p = talloc_zero(NULL, struct place);

	p->mem = p;
	p->folder = talloc_strdup(p, "/tmp/test_sqlite_XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	p->options = (struct db_options){ .top = p->folder,
					  .create = true,
					  .count_limit = 1000 };
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char *command = talloc_asprintf(p, "rm -rf '%s'", p->folder);
	int result;

	error_release(&p->err);
	result = chdir("/") + system(command);
	talloc_free(p);
	return result;
}

static char *path_of(struct place *p, const char *file)
{
	return talloc_asprintf(p, "%s/%s", p->folder, file);
}

static bool is_there(struct place *p, const char *file)
{
	return access(path_of(p, file), F_OK) == 0;
}

static struct db *open_file(struct place *p, const char *file)
{
	char *url = talloc_asprintf(p, "sqlite:%s", file);
	struct db *db = NULL;

	if (sqlite->open(p, url, &p->options, &db, &p->err) < 0)
		print_error("%s\n", p->err.message);
	assert_non_null(db);
	return db;
}

static int append_row(const char *const *values, int count, void *data)
{
	char **out = data;

	if (**out)
		*out = talloc_strdup_append(*out, ";");
	for (int i = 0; i < count; i++)
		*out = talloc_asprintf_append(*out, "%s%s", i ? "|" : "",
					      values[i] ? values[i] : "NULL");
	return 0;
}

/* The rows of a query as text, or the error. */
static char *ask(struct place *p, struct db *db, const char *sql)
{
	char *out = talloc_strdup(p, "");

	if (sqlite->query(db, sql, NULL, 0, append_row, &out, &p->err) == 0)
		return out;
	out = talloc_asprintf(p, "error: %s", p->err.message);
	error_release(&p->err);
	return out;
}

/* Runs statements one after the other, outside a transaction. */
static void prepare(struct place *p, struct db *db, const char *sql)
{
	struct sql_extent e = { 0 };

	while (sql_next_statement(sql, strlen(sql), e.next, SQL_SQLITE, &e)) {
		char *one = talloc_strndup(p, sql + e.offset, e.length);

		assert_string_equal(ask(p, db, one), "");
	}
}

static struct script *script_of(struct place *p, const char *text)
{
	struct script *script = NULL;

	assert_int_equal(script_parse(p, "m/1.up.sql", talloc_strdup(p, text),
				      strlen(text), SQL_SQLITE, &script,
				      &p->err),
			 0);
	assert_int_equal(sqlite->split(script, &p->err), 0);
	return script;
}

/* As the runner does it: 0, or -1 with everything rolled back. */
static int run(struct place *p, struct db *db, const char *text,
	       struct facts **out)
{
	struct script *script = script_of(p, text);
	struct facts *facts = facts_new(p, 1, "x", DIRECTION_UP);
	bool inside = !script->no_transaction;
	int result = 0;

	if (out)
		*out = facts;
	error_release(&p->err);
	if (inside && sqlite->begin(db, script, &p->err) < 0)
		return -1;
	for (size_t n = 0; result == 0 && n < script->statement_count; n++)
		result = sqlite->execute(db, script, n, facts, &p->err);
	if (result == 0 && inside)
		result = sqlite->commit(db, &p->err);
	if (result < 0)
		sqlite->rollback(db);
	facts_release_locks(facts, clock_mono_us());
	return result;
}

static void runs(struct place *p, struct db *db, const char *text)
{
	if (run(p, db, text, NULL) < 0) {
		print_error("%s: %s\n", p->err.message,
			    p->err.detail ? p->err.detail : "");
		fail();
	}
}

/* --- opening -------------------------------------------------------------- */

static void opens_each_form_of_url(void **state)
{
	struct place *p = *state;
	const char *const urls[] = {
		"sqlite:a.db",
		"sqlite://a.db",
		"sqlite://%61.db",
		"sqlite://a.db?mode=rw&_journal_mode=WAL",
		talloc_asprintf(p, "sqlite:%s/a.db", p->folder),
		talloc_asprintf(p, "sqlite://%s/a.db", p->folder),
		talloc_asprintf(p, "sqlite://%s/%%61.db?mode=ro", p->folder),
	};

	prepare(p, open_file(p, "a.db"), "CREATE TABLE t (a)");
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
			ask(p, db, "SELECT name FROM sqlite_schema"), "t");
		talloc_free(db);
	}
	p->options.read_only = false;
	prepare(p, open_file(p, "a%20b?c.db"), "CREATE TABLE t (a)");
	assert_true(is_there(p, "a%20b?c.db"));
	prepare(p, open_file(p, "file:x.db"), "CREATE TABLE t (a)");
	assert_true(is_there(p, "file:x.db"));
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
		{ "sqlite:.", "unable to open database '.': it is a folder" },
		{ "sqlite:no/a.db", "" },
		{ "sqlite:text.db",
		  "unable to open database 'text.db': file is not a "
		  "database" },
		{ "sqlite:pipe", "unable to open database 'pipe': it is no "
				 "regular file" },
	};
	struct place *p = *state;
	FILE *f = fopen(path_of(p, "text.db"), "w");

	fputs("this is a text file of more than a hundred characters, and "
	      "by no means a database of any kind that SQLite could read\n",
	      f);
	fclose(f);
	assert_int_equal(mkfifo(path_of(p, "pipe"), 0600), 0);
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

static void takes_a_missing_file_for_an_empty_database(void **state)
{
	struct place *p = *state;
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
	db = open_file(p, "a.db");
	assert_string_equal(ask(p, db, "SELECT count(*) FROM sqlite_schema"),
			    "0");
	assert_string_equal(ask(p, db, "SELECT 1 FROM git_migrations"),
			    "error: no such table: git_migrations");
	assert_int_equal(
		sqlite->count_rows(db, "t", 10, &rows, &estimated, &p->err), 0);
	assert_int_equal(rows, -1);
	assert_int_equal(sqlite->catalog(p, db, &catalog, &p->err), 0);
	assert_int_equal(catalog->count, 0);
	talloc_free(db);
	assert_false(is_there(p, "a.db"));
}

static void keeps_its_promise_not_to_write(void **state)
{
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");

	prepare(p, db, "CREATE TABLE t (a)");
	p->options.read_only = true;
	db = open_file(p, "a.db");
	assert_string_equal(ask(p, db, "INSERT INTO t VALUES (1)"),
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
	struct place *p;
	struct db *db;
};

static int ask_again(const char *const *values, int count, void *data)
{
	struct nested *n = data;

	(void)values;
	(void)count;
	assert_string_equal(ask(n->p, n->db, "SELECT a FROM t"), "1;2;3");
	return 0;
}

static void binds_parameters_and_passes_rows(void **state)
{
	static const char insert[] = "INSERT INTO t VALUES ($1, $2)";
	static const char *const values[] = { "1", "x'y", "2", NULL };
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");
	struct nested nested = { p, db };

	prepare(p, db, "CREATE TABLE t (a bigint, b)");
	assert_int_equal(sqlite->queue(db, insert, values, 2, &p->err), 0);
	assert_int_equal(sqlite->queue(db, insert, values + 2, 2, &p->err), 0);
	prepare(p, db, "INSERT INTO t VALUES (3, 3.5)");
	assert_string_equal(ask(p, db, "SELECT a, b, typeof(a) FROM t"),
			    "1|x'y|integer;2|NULL|integer;3|3.5|integer");
	assert_int_equal(sqlite->query(db, "SELECT a FROM t", NULL, 0,
				       stop_at_two, NULL, &p->err),
			 7);
	assert_int_equal(sqlite->query(db, "SELECT a FROM t", NULL, 0,
				       ask_again, &nested, &p->err),
			 0);
	assert_string_equal(ask(p, db, "SELECT nonsense"),
			    "error: no such column: nonsense");
	/* many statements: those that are kept must not mix up */
	for (int i = 0; i < 100; i++)
		assert_string_equal(
			ask(p, db, talloc_asprintf(p, "SELECT %d", i % 50)),
			talloc_asprintf(p, "%d", i % 50));
}

/* --- splitting ------------------------------------------------------------ */

static char *split_of(struct place *p, const char *text)
{
	struct script *s = script_of(p, text);
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
	struct place *p = *state;

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
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		struct db *db = open_file(p, "a.db");
		char *result;

		assert_int_equal(chdir(p->folder), 0);
		prepare(p, db,
			"CREATE TABLE IF NOT EXISTS t (a);"
			"INSERT INTO t VALUES (1); BEGIN IMMEDIATE");
		result = ask(p, db, statements[i]);
		assert_int_equal(strncmp(result, "error", 5) == 0,
				 script_of(p, statements[i])->no_transaction);
		talloc_free(db);
	}
}

/* --- executing ------------------------------------------------------------ */

static char *statement_facts(struct place *p, const struct facts *facts)
{
	char *out = talloc_strdup(p, "");

	for (size_t i = 0; i < facts->statement_count; i++) {
		const struct fact_statement *s = &facts->statements[i];

		out = talloc_asprintf_append(out, "%s%s [", i ? "; " : "",
					     s->kind);
		assert_true(s->duration_ms >= 0);
		for (size_t n = 0; n < s->relation_count; n++)
			out = talloc_asprintf_append(out, "%s%s", n ? " " : "",
						     s->relations[n]);
		out = talloc_asprintf_append(out, "] %d", (int)s->rows);
	}
	return out;
}

static char *table_facts(struct place *p, const struct facts *facts)
{
	char *out = talloc_strdup(p, "");

	for (size_t i = 0; i < facts->table_count; i++)
		out = talloc_asprintf_append(
			out, "%s%s %s%d", i ? "; " : "", facts->tables[i].name,
			facts->tables[i].estimated ? "~" : "",
			(int)facts->tables[i].rows_before);
	return out;
}

static void measures_what_each_statement_touches(void **state)
{
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");
	struct facts *facts;

	prepare(p, db,
		"CREATE TABLE users (id INTEGER PRIMARY KEY, name);"
		"INSERT INTO users VALUES (1, 'a'), (2, 'b');"
		"CREATE TABLE log (x);"
		"CREATE VIEW names AS SELECT name FROM users;"
		"CREATE TRIGGER t AFTER INSERT ON users BEGIN "
		"INSERT INTO log VALUES (new.id); END;"
		"CREATE TABLE git_migrations (a)");
	assert_int_equal(
		run(p, db,
		    "CREATE TABLE copy (a, b);\n"
		    "INSERT INTO copy SELECT id, name FROM users;\n"
		    "UPDATE users SET name = (SELECT max(name) FROM names);\n"
		    "INSERT INTO users VALUES (3, 'c') RETURNING id;\n"
		    "WITH old AS (SELECT a FROM copy) DELETE FROM log WHERE x "
		    "IN (SELECT a FROM old);\n"
		    "CREATE INDEX i ON users (name);\n"
		    "ALTER TABLE copy ADD COLUMN c DEFAULT 3;\n"
		    "ALTER TABLE copy RENAME TO kept;\n"
		    "DROP VIEW names;\n"
		    "SELECT * FROM pragma_table_info('users'), "
		    "json_each('[1]');\n"
		    "DELETE FROM git_migrations;\n"
		    "DROP TABLE kept;",
		    &facts),
		0);
	assert_string_equal(
		statement_facts(p, facts),
		"CREATE TABLE [copy] -1; INSERT [copy users] 2; "
		"UPDATE [users] 2; INSERT [users log] 1; "
		"DELETE [log copy] 0; CREATE INDEX [users] -1; "
		"ALTER TABLE [copy] -1; ALTER TABLE [copy kept] -1; "
		"DROP VIEW [names] -1; SELECT [] -1; DELETE [] 0; "
		"DROP TABLE [kept] -1");
	assert_string_equal(table_facts(p, facts),
			    "copy -1; users 2; log 0; kept -1");
	assert_int_equal(facts->lock_count, 1);
	assert_string_equal(facts->locks[0].relation, "a.db");
	assert_string_equal(facts->locks[0].mode, "RESERVED");
	assert_true(facts->locks[0].held_ms > 0);
}

static void names_the_lock_by_journal_mode(void **state)
{
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");
	struct facts *facts;

	runs(p, db, "PRAGMA journal_mode = WAL");
	assert_int_equal(run(p, db, "CREATE TABLE t (a)", &facts), 0);
	assert_int_equal(facts->lock_count, 1);
	assert_string_equal(facts->locks[0].mode, "WAL_WRITE_LOCK");
	/* outside a transaction a lock is gone with its statement */
	assert_int_equal(run(p, db, "VACUUM", &facts), 0);
	assert_int_equal(facts->lock_count, 0);
	/* the script's own transaction holds one */
	assert_int_equal(run(p, db,
			     "BEGIN; SAVEPOINT a; INSERT INTO t VALUES (1); "
			     "RELEASE a; COMMIT",
			     &facts),
			 0);
	assert_int_equal(facts->lock_count, 1);
	runs(p, db, "PRAGMA journal_mode = DELETE");
	runs(p, db, "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 10");
	assert_int_equal(
		run(p, db,
		    "PRAGMA cache_size = 10; PRAGMA cache_spill = 10;"
		    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		    "FROM n LIMIT 20000) INSERT INTO t SELECT 'some text ' || "
		    "i FROM n",
		    &facts),
		0);
	assert_int_equal(facts->lock_count, 2);
	assert_string_equal(facts->locks[1].mode, "EXCLUSIVE");
}

struct failure {
	const char *text;
	int line, column;
	const char *message;
};

static void says_where_a_script_fails(void **state)
{
	static const struct failure cases[] = {
		{ "SELECT 1;\n  SELECT 2 FRM t;", 2, 16,
		  "near \"t\": syntax error" },
		{ "SELECT 1;\nINSERT INTO nowhere VALUES (1);", 2, 13,
		  "no such table: nowhere" },
		{ "SELECT '\xc3\xa4', nonsense;", 1, 13,
		  "no such column: nonsense" },
		{ "SELECT 1;\n\nCREATE TABLE \"t\" (a);", 3, 14,
		  "table \"t\" already exists" },
		{ "INSERT INTO t (a, b) VALUES (1, 2);", 1, 19,
		  "table t has no column named b" },
		{ "-- x\nINSERT INTO t VALUES (1);", 2, 1,
		  "UNIQUE constraint failed: t.a" },
		{ "ALTER TABLE t ADD COLUMN a;", 1, 26,
		  "duplicate column name: a" },
		{ "DROP TABLE main.u;", 1, 17, "no such table: main.u" },
		{ "CREATE TABLE u (a);\nCREATE TRIGGER x BEFORE INSERT ON u "
		  "BEGIN\n  SELECT 1;\n  SELECT FROM u;\nEND;",
		  4, 10, "near \"FROM\": syntax error" },
		{ "CREATE TABLE u (a", 1, 18, "incomplete input" },
	};
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");

	prepare(p, db, "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct facts *facts;

		if (run(p, db, cases[i].text, &facts) == 0)
			fail_msg("no error: %s", cases[i].text);
		assert_string_equal(p->err.message, cases[i].message);
		assert_string_equal(p->err.file, "m/1.up.sql");
		assert_int_equal(p->err.line, cases[i].line);
		assert_int_equal(p->err.column, cases[i].column);
		assert_int_equal(p->err.code, ERROR_SQL);
		assert_true(facts->statement_count > 0);
	}
	assert_string_equal(ask(p, db,
				"SELECT count(*) FROM sqlite_schema "
				"WHERE name NOT LIKE 'sqlite%'"),
			    "1");
}

static void rolls_back_what_the_script_began_itself(void **state)
{
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");

	prepare(p, db, "CREATE TABLE t (a UNIQUE)");
	assert_int_equal(run(p, db,
			     "INSERT INTO t VALUES (1); BEGIN; "
			     "INSERT INTO t VALUES (2); "
			     "INSERT INTO t VALUES (2); COMMIT",
			     NULL),
			 -1);
	assert_string_equal(ask(p, db, "SELECT a FROM t"), "1");
	assert_int_equal(run(p, db,
			     "INSERT INTO t VALUES (3); BEGIN; INSERT "
			     "INTO t VALUES (4)",
			     NULL),
			 0);
	assert_int_equal(sqlite->begin(db, NULL, &p->err), -1);
	assert_string_equal(p->err.message, "the script left a transaction "
					    "open, it is rolled back");
	assert_string_equal(ask(p, db, "SELECT a FROM t"), "1;3");
	assert_int_equal(run(p, db,
			     "INSERT INTO t VALUES (5); INSERT OR ROLLBACK "
			     "INTO t VALUES (1)",
			     NULL),
			 -1);
	assert_string_equal(ask(p, db, "SELECT a FROM t"), "1;3");
}

static void starts_each_script_on_a_fresh_connection(void **state)
{
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");

	assert_int_equal(chdir(p->folder), 0);
	runs(p, db,
	     "PRAGMA recursive_triggers = ON; PRAGMA cache_size = 17;"
	     "PRAGMA busy_timeout = 5; PRAGMA query_only = OFF;"
	     "PRAGMA legacy_alter_table = ON; CREATE TEMP TABLE tt (a);"
	     "ATTACH 'other.db' AS other; CREATE TABLE other.x (a)");
	runs(p, db, "CREATE TABLE tt (a)");
	assert_string_equal(ask(p, db, "PRAGMA recursive_triggers"), "0");
	assert_string_equal(ask(p, db, "PRAGMA cache_size"), "-2000");
	assert_string_equal(ask(p, db, "PRAGMA legacy_alter_table"), "0");
	assert_string_equal(ask(p, db,
				"SELECT count(*) FROM "
				"pragma_database_list"),
			    "1");
	assert_string_equal(ask(p, db, "SELECT count(*) FROM main.tt"), "0");
	/* and for those that run outside a transaction */
	runs(p, db, "PRAGMA foreign_keys = ON; VACUUM");
	assert_string_equal(ask(p, db, "PRAGMA foreign_keys"), "1");
	runs(p, db, "VACUUM");
	assert_string_equal(ask(p, db, "PRAGMA foreign_keys"), "0");
}

/* --- foreign keys --------------------------------------------------------- */

#define FAMILY                                                                 \
	"CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);"             \
	"INSERT INTO parent VALUES (1, 'a'), (2, 'b');"                        \
	"CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER "          \
	"REFERENCES parent (id) ON DELETE CASCADE);"                           \
	"INSERT INTO child VALUES (10, 1), (11, 2), (12, 2)"

static void rebuilds_a_parent_without_losing_its_children(void **state)
{
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");

	prepare(p, db, FAMILY);
	runs(p, db,
	     "PRAGMA foreign_keys = ON;"
	     "CREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
	     "INSERT INTO new SELECT * FROM parent; DROP TABLE parent;"
	     "ALTER TABLE new RENAME TO parent");
	assert_string_equal(ask(p, db, "SELECT id, parent FROM child"),
			    "10|1;11|2;12|2");
}

static void refuses_to_commit_broken_foreign_keys(void **state)
{
	static const struct {
		const char *text, *detail;
	} cases[] = {
		{ "DELETE FROM parent WHERE id = 2",
		  "2 rows of 'child' refer to no row of 'parent': rows 11, "
		  "12" },
		{ "DROP TABLE \"Parent\"",
		  "3 rows of 'child' refer to no row of 'parent': rows 10, "
		  "11, 12" },
		{ "INSERT INTO child VALUES (13, 9)",
		  "1 row of 'child' refers to no row of 'parent': row 13" },
		{ "CREATE TABLE more (a REFERENCES parent); INSERT INTO more "
		  "VALUES (7)",
		  "1 row of 'more' refers to no row of 'parent': row 1" },
		{ "INSERT INTO child SELECT value + 100, 9 FROM json_each("
		  "'[1,2,3,4,5,6,7]')",
		  "7 rows of 'child' refer to no row of 'parent': rows 101, "
		  "102, 103, 104, 105, ..." },
		/* through a trigger: neither table stands in the script */
		{ "INSERT INTO audit VALUES (99)",
		  "1 row of 'child' refers to no row of 'parent': row 99" },
	};
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");

	prepare(p, db, FAMILY);
	prepare(p, db, "CREATE TABLE audit (a); CREATE TABLE other (a)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (i == 5)
			runs(p, db,
			     "CREATE TRIGGER t AFTER INSERT ON audit "
			     "BEGIN INSERT INTO child VALUES (new.a, "
			     "9); END");
		assert_int_equal(run(p, db, cases[i].text, NULL), -1);
		assert_string_equal(p->err.message,
				    "the script breaks foreign keys");
		assert_string_equal(p->err.detail, cases[i].detail);
		assert_string_equal(p->err.file, "m/1.up.sql");
		assert_string_equal(ask(p, db, "SELECT count(*) FROM child"),
				    "3");
	}
	runs(p, db,
	     "DELETE FROM child WHERE parent = 2;"
	     "DELETE FROM parent WHERE id = 2");
}

static void forgives_what_was_broken_before(void **state)
{
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");

	prepare(p, db, FAMILY);
	prepare(p, db,
		"INSERT INTO child VALUES (20, 8), (21, NULL);"
		"CREATE TABLE loose (parent REFERENCES parent);"
		"INSERT INTO loose VALUES (7), (8), (1)");
	runs(p, db, "UPDATE child SET id = id WHERE id = 20");
	/* one mended, another one broken: as many as before */
	assert_int_equal(run(p, db,
			     "DELETE FROM child WHERE id = 20;"
			     "INSERT INTO child VALUES (22, 9)",
			     NULL),
			 -1);
	/* rows without numbers of their own get new ones */
	runs(p, db,
	     "CREATE TABLE n (parent REFERENCES parent);"
	     "INSERT INTO n SELECT * FROM loose ORDER BY 1 DESC;"
	     "DROP TABLE loose; ALTER TABLE n RENAME TO loose");
	assert_int_equal(run(p, db, "INSERT INTO loose VALUES (9)", NULL), -1);
	assert_string_equal(p->err.detail,
			    "1 row of 'loose' refers to no row of 'parent': "
			    "row 4");
}

static void minds_keys_that_cannot_be_checked(void **state)
{
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");

	prepare(p, db,
		"CREATE TABLE p (a, b); CREATE UNIQUE INDEX i ON p (a);"
		"CREATE TABLE c (x REFERENCES p (a));"
		"CREATE TABLE odd (x REFERENCES p (b))");
	/* of odd it was so before */
	runs(p, db,
	     "INSERT INTO p VALUES (1, 1); INSERT INTO c VALUES (1);"
	     "INSERT INTO odd VALUES (2)");
	assert_int_equal(run(p, db, "DROP INDEX i; DELETE FROM p", NULL), -1);
	assert_string_equal(p->err.message, "foreign key mismatch - \"c\" "
					    "referencing \"p\"");
	runs(p, db, "DROP INDEX i; CREATE UNIQUE INDEX j ON p (a)");
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
	struct place *p = *state;
	struct patience patience = { 0, 1000, false };
	struct db *first = open_file(p, "a.db"), *second;
	int64_t started;

	prepare(p, first, "CREATE TABLE t (a)");
	p->options.wait_ms = 300;
	p->options.tick = count_tick;
	p->options.tick_data = &patience;
	second = open_file(p, "a.db");
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
	struct place *p = *state;
	struct patience patience = { 0, 2, false };
	struct db *db;

	p->options.tick = count_tick;
	p->options.tick_data = &patience;
	db = open_file(p, "a.db");
	prepare(p, db, "CREATE TABLE t (a)");
	assert_int_equal(run(p, db,
			     "INSERT INTO t VALUES (1);"
			     "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
			     "SELECT i + 1 FROM n) SELECT max(i) FROM n",
			     NULL),
			 -1);
	assert_int_equal(p->err.code, ERROR_INTERRUPTED);
	patience.limit = 1000;
	assert_string_equal(ask(p, db, "SELECT count(*) FROM t"), "0");
	runs(p, db, "INSERT INTO t VALUES (1)");
}

/* --- counting ------------------------------------------------------------- */

static char *count_of(struct place *p, struct db *db, const char *table,
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
	struct place *p = *state;
	struct db *db = open_file(p, "a.db");

	prepare(p, db,
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
	prepare(p, db,
		"CREATE INDEX i ON gaps (id); ANALYZE;"
		"UPDATE sqlite_stat1 SET stat = '4000 1' WHERE tbl = "
		"'gaps'");
	assert_string_equal(count_of(p, db, "gaps", 1), "~4000");
}

/* --- scratch databases, names --------------------------------------------- */

static void makes_and_removes_scratch_databases(void **state)
{
	struct place *p = *state;
	struct db *db = open_file(p, "a.db"), *scratch, *copy;
	char *url = talloc_asprintf(p, "sqlite:%s/s", p->folder);

	setenv("TMPDIR", p->folder, 1);
	prepare(p, db, "PRAGMA encoding = 'UTF-16le';" FAMILY);
	assert_int_equal(sqlite->scratch(p, db, NULL, &scratch, &p->err), 0);
	assert_string_equal(ask(p, scratch, "SELECT * FROM sqlite_schema"), "");
	runs(p, scratch, "PRAGMA cache_size = 3; CREATE TABLE x (a)");
	assert_string_equal(ask(p, scratch, "PRAGMA encoding"), "UTF-16le");
	runs(p, scratch, "INSERT INTO x VALUES (1)");
	assert_string_equal(ask(p, scratch, "PRAGMA synchronous"), "0");
	assert_int_equal(sqlite->scratch_copy(p, db, &copy, &p->err), 0);
	assert_string_equal(ask(p, copy, "SELECT count(*) FROM child"), "3");
	runs(p, copy, "DROP TABLE child");
	assert_string_equal(ask(p, db, "SELECT count(*) FROM child"), "3");
	talloc_free(copy);
	talloc_free(scratch);
	assert_int_equal(mkdir(path_of(p, "s"), 0700), 0);
	assert_int_equal(sqlite->scratch(p, db, url, &scratch, &p->err), 0);
	runs(p, scratch, "PRAGMA journal_mode = WAL; CREATE TABLE y (a)");
	assert_int_not_equal(rmdir(path_of(p, "s")), 0);
	talloc_free(scratch);
	assert_int_equal(rmdir(path_of(p, "s")), 0);
	talloc_free(db);
	unlink(path_of(p, "a.db"));
	assert_int_equal(rmdir(p->folder), 0);
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_equal(mkdir(p->folder, 0700), 0);
	db = open_file(p, "a.db");
	assert_int_equal(sqlite->scratch(p, db, NULL, &scratch, &p->err), -1);
	assert_string_equal(p->err.message,
			    "unable to create a scratch database in "
			    "'/nowhere': No such file or directory");
	unsetenv("TMPDIR");
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
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *quoted = sqlite->quote_name(p, cases[i][0]);

		assert_string_equal(quoted, cases[i][1]);
		assert_string_equal(sqlite->fold_name(p, quoted), cases[i][0]);
	}
	assert_string_equal(sqlite->fold_name(p, "[a]"), "a");
	assert_string_equal(sqlite->fold_name(p, "`a``b`"), "a`b");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_each_form_of_url),
		TEST(refuses_urls_it_cannot_use),
		TEST(takes_a_missing_file_for_an_empty_database),
		TEST(keeps_its_promise_not_to_write),
		TEST(binds_parameters_and_passes_rows),
		TEST(splits_and_decides_on_the_transaction),
		TEST(knows_what_sqlite_refuses_in_a_transaction),
		TEST(measures_what_each_statement_touches),
		TEST(names_the_lock_by_journal_mode),
		TEST(says_where_a_script_fails),
		TEST(rolls_back_what_the_script_began_itself),
		TEST(starts_each_script_on_a_fresh_connection),
		TEST(rebuilds_a_parent_without_losing_its_children),
		TEST(refuses_to_commit_broken_foreign_keys),
		TEST(forgives_what_was_broken_before),
		TEST(minds_keys_that_cannot_be_checked),
		TEST(waits_for_the_lock_as_long_as_it_may),
		TEST(stops_a_long_statement_when_told),
		TEST(counts_exactly_what_is_small),
		TEST(makes_and_removes_scratch_databases),
		TEST(quotes_only_where_it_must),
	};

	return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
