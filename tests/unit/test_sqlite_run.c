/* Scripts run by the SQLite engine: facts, failures, foreign keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/sqlite_bed.h"

/* --- executing ------------------------------------------------------------ */

static char *statement_facts(struct bed *p, const struct facts *facts)
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

static char *table_facts(struct bed *p, const struct facts *facts)
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
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");
	struct facts *facts;

	bed_prepare(p, db,
		    "CREATE TABLE users (id INTEGER PRIMARY KEY, name);"
		    "INSERT INTO users VALUES (1, 'a'), (2, 'b');"
		    "CREATE TABLE log (x);"
		    "CREATE VIEW names AS SELECT name FROM users;"
		    "CREATE TRIGGER t AFTER INSERT ON users BEGIN "
		    "INSERT INTO log VALUES (new.id); END;"
		    "CREATE TABLE git_migrations (a)");
	assert_int_equal(
		bed_run(p, db,
			"CREATE TABLE copy (a, b);\n"
			"INSERT INTO copy SELECT id, name FROM users;\n"
			"UPDATE users SET name = (SELECT max(name) FROM "
			"names);\n"
			"INSERT INTO users VALUES (3, 'c') RETURNING id;\n"
			"WITH old AS (SELECT a FROM copy) DELETE FROM log "
			"WHERE x "
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
	assert_int_equal(facts->lock_count, 2);
	assert_string_equal(facts->locks[0].relation, "a.db");
	assert_string_equal(facts->locks[0].mode, "RESERVED");
	assert_string_equal(facts->locks[1].mode, "EXCLUSIVE");
	assert_true(facts->locks[0].held_ms > 0);
}

static void names_the_lock_by_journal_mode(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");
	struct facts *facts;

	bed_runs(p, db, "PRAGMA journal_mode = WAL");
	assert_int_equal(bed_run(p, db, "CREATE TABLE t (a)", &facts), 0);
	assert_int_equal(facts->lock_count, 1);
	assert_string_equal(facts->locks[0].mode, "WAL_WRITE_LOCK");
	/* outside a transaction a lock is gone with its statement */
	assert_int_equal(bed_run(p, db, "VACUUM", &facts), 0);
	assert_int_equal(facts->lock_count, 1);
	assert_string_equal(facts->locks[0].mode, "WAL_WRITE_LOCK");
	/* the script's own transaction holds one */
	assert_int_equal(
		bed_run(p, db,
			"BEGIN; SAVEPOINT a; INSERT INTO t VALUES (1); "
			"RELEASE a; COMMIT",
			&facts),
		0);
	assert_int_equal(facts->lock_count, 1);
	bed_runs(p, db, "PRAGMA journal_mode = DELETE");
	bed_runs(p, db, "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 10");
	assert_int_equal(
		bed_run(p, db,
			"PRAGMA cache_size = 10; PRAGMA cache_spill = 10;"
			"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT "
			"i + 1 "
			"FROM n LIMIT 20000) INSERT INTO t SELECT 'some text "
			"' || "
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
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_prepare(p, db,
		    "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct facts *facts;

		if (bed_run(p, db, cases[i].text, &facts) == 0)
			fail_msg("no error: %s", cases[i].text);
		assert_string_equal(p->err.message, cases[i].message);
		assert_string_equal(p->err.file, "m/1.up.sql");
		assert_int_equal(p->err.line, cases[i].line);
		assert_int_equal(p->err.column, cases[i].column);
		assert_int_equal(p->err.code, ERROR_SQL);
		assert_true(facts->statement_count > 0);
	}
	assert_string_equal(bed_ask(p, db,
				    "SELECT count(*) FROM sqlite_schema "
				    "WHERE name NOT LIKE 'sqlite%'"),
			    "1");
}

static void rolls_back_what_the_script_began_itself(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_prepare(p, db, "CREATE TABLE t (a UNIQUE)");
	assert_int_equal(bed_run(p, db,
				 "INSERT INTO t VALUES (1); BEGIN; "
				 "INSERT INTO t VALUES (2); "
				 "INSERT INTO t VALUES (2); COMMIT",
				 NULL),
			 -1);
	assert_string_equal(bed_ask(p, db, "SELECT a FROM t"), "1");
	assert_int_equal(bed_run(p, db,
				 "INSERT INTO t VALUES (3); BEGIN; INSERT "
				 "INTO t VALUES (4)",
				 NULL),
			 0);
	assert_int_equal(sqlite->begin(db, NULL, &p->err), -1);
	assert_string_equal(p->err.message, "the script left a transaction "
					    "open, it is rolled back");
	assert_string_equal(bed_ask(p, db, "SELECT a FROM t"), "1;3");
	assert_int_equal(bed_run(p, db,
				 "INSERT INTO t VALUES (5); INSERT OR ROLLBACK "
				 "INTO t VALUES (1)",
				 NULL),
			 -1);
	assert_string_equal(bed_ask(p, db, "SELECT a FROM t"), "1;3");
}

static void starts_each_script_on_a_fresh_connection(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	assert_int_equal(chdir(p->folder), 0);
	bed_runs(p, db,
		 "PRAGMA recursive_triggers = ON; PRAGMA cache_size = 17;"
		 "PRAGMA busy_timeout = 5; PRAGMA query_only = OFF;"
		 "PRAGMA legacy_alter_table = ON; CREATE TEMP TABLE tt (a);"
		 "ATTACH 'other.db' AS other; CREATE TABLE other.x (a)");
	bed_runs(p, db, "CREATE TABLE tt (a)");
	assert_string_equal(bed_ask(p, db, "PRAGMA recursive_triggers"), "0");
	assert_string_equal(bed_ask(p, db, "PRAGMA cache_size"), "-2000");
	assert_string_equal(bed_ask(p, db, "PRAGMA legacy_alter_table"), "0");
	assert_string_equal(bed_ask(p, db,
				    "SELECT count(*) FROM "
				    "pragma_database_list"),
			    "1");
	assert_string_equal(bed_ask(p, db, "SELECT count(*) FROM main.tt"),
			    "0");
	/* and for those that run outside a transaction */
	bed_runs(p, db, "PRAGMA foreign_keys = ON; VACUUM");
	assert_string_equal(bed_ask(p, db, "PRAGMA foreign_keys"), "1");
	bed_runs(p, db, "VACUUM");
	assert_string_equal(bed_ask(p, db, "PRAGMA foreign_keys"), "0");
}

/* --- the journal ---------------------------------------------------------- */

static void keeps_its_journal_as_long_as_it_is_there(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");
	const char *journal = bed_path(p, "a.db-journal");
	struct stat first, later;

	assert_int_equal(sqlite->lock(db, &p->err), 0);
	bed_runs(p, db, "CREATE TABLE t (a PRIMARY KEY)");
	assert_int_equal(stat(journal, &first), 0);
	bed_runs(p, db, "INSERT INTO t VALUES (1)");
	assert_int_equal(stat(journal, &later), 0);
	assert_int_equal(first.st_ino, later.st_ino);
	/* somebody else ends a transaction in the usual mode */
	assert_int_equal(unlink(journal), 0);
	for (int times = 0; times < 2; times++) {
		assert_int_equal(bed_run(p, db,
					 "INSERT INTO t VALUES (2);"
					 "INSERT INTO t VALUES (1)",
					 NULL),
				 -1);
		assert_string_equal(bed_ask(p, db, "SELECT a FROM t"), "1");
	}
	bed_runs(p, db, "INSERT INTO t VALUES (3)");
	assert_true(bed_has(p, "a.db-journal"));
	assert_int_equal(sqlite->unlock(db, &p->err), 0);
	assert_false(bed_has(p, "a.db-journal"));
	assert_string_equal(bed_ask(p, db, "PRAGMA integrity_check"), "ok");
	assert_string_equal(bed_ask(p, db, "SELECT a FROM t"), "1;3");
}

static void leaves_the_mode_that_a_script_has_set(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_prepare(p, db, "CREATE TABLE t (a)");
	assert_int_equal(sqlite->lock(db, &p->err), 0);
	bed_runs(p, db, "PRAGMA journal_mode = WAL");
	assert_int_equal(sqlite->unlock(db, &p->err), 0);
	assert_string_equal(bed_ask(p, db, "PRAGMA journal_mode"), "wal");
}

/* --- foreign keys --------------------------------------------------------- */

static void rebuilds_a_parent_without_losing_its_children(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_prepare(p, db, FAMILY);
	bed_runs(
		p, db,
		"PRAGMA foreign_keys = ON;"
		"CREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
		"INSERT INTO new SELECT * FROM parent; DROP TABLE parent;"
		"ALTER TABLE new RENAME TO parent");
	assert_string_equal(bed_ask(p, db, "SELECT id, parent FROM child"),
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
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_prepare(p, db, FAMILY);
	bed_prepare(p, db, "CREATE TABLE audit (a); CREATE TABLE other (a)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (i == 5)
			bed_runs(p, db,
				 "CREATE TRIGGER t AFTER INSERT ON audit "
				 "BEGIN INSERT INTO child VALUES (new.a, "
				 "9); END");
		assert_int_equal(bed_run(p, db, cases[i].text, NULL), -1);
		assert_string_equal(p->err.message,
				    "the script breaks foreign keys");
		assert_string_equal(p->err.detail, cases[i].detail);
		assert_string_equal(p->err.file, "m/1.up.sql");
		assert_string_equal(
			bed_ask(p, db, "SELECT count(*) FROM child"), "3");
	}
	bed_runs(p, db,
		 "DELETE FROM child WHERE parent = 2;"
		 "DELETE FROM parent WHERE id = 2");
}

static void forgives_what_was_broken_before(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_prepare(p, db, FAMILY);
	bed_prepare(p, db,
		    "INSERT INTO child VALUES (20, 8), (21, NULL);"
		    "CREATE TABLE loose (parent REFERENCES parent);"
		    "INSERT INTO loose VALUES (7), (8), (1)");
	bed_runs(p, db, "UPDATE child SET id = id WHERE id = 20");
	/* one mended, another one broken: as many as before */
	assert_int_equal(bed_run(p, db,
				 "DELETE FROM child WHERE id = 20;"
				 "INSERT INTO child VALUES (22, 9)",
				 NULL),
			 -1);
	/* rows without numbers of their own get new ones */
	bed_runs(p, db,
		 "CREATE TABLE n (parent REFERENCES parent);"
		 "INSERT INTO n SELECT * FROM loose ORDER BY 1 DESC;"
		 "DROP TABLE loose; ALTER TABLE n RENAME TO loose");
	assert_int_equal(bed_run(p, db, "INSERT INTO loose VALUES (9)", NULL),
			 -1);
	assert_string_equal(p->err.detail,
			    "1 row of 'loose' refers to no row of 'parent': "
			    "row 4");
}

static void minds_keys_that_cannot_be_checked(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_prepare(p, db,
		    "CREATE TABLE p (a, b); CREATE UNIQUE INDEX i ON p (a);"
		    "CREATE TABLE c (x REFERENCES p (a));"
		    "CREATE TABLE odd (x REFERENCES p (b))");
	/* of odd it was so before */
	bed_runs(p, db,
		 "INSERT INTO p VALUES (1, 1); INSERT INTO c VALUES (1);"
		 "INSERT INTO odd VALUES (2)");
	assert_int_equal(bed_run(p, db, "DROP INDEX i; DELETE FROM p", NULL),
			 -1);
	assert_string_equal(p->err.message, "foreign key mismatch - \"c\" "
					    "referencing \"p\"");
	bed_runs(p, db, "DROP INDEX i; CREATE UNIQUE INDEX j ON p (a)");
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(measures_what_each_statement_touches),
		TEST(names_the_lock_by_journal_mode),
		TEST(says_where_a_script_fails),
		TEST(rolls_back_what_the_script_began_itself),
		TEST(starts_each_script_on_a_fresh_connection),
		TEST(keeps_its_journal_as_long_as_it_is_there),
		TEST(leaves_the_mode_that_a_script_has_set),
		TEST(rebuilds_a_parent_without_losing_its_children),
		TEST(refuses_to_commit_broken_foreign_keys),
		TEST(forgives_what_was_broken_before),
		TEST(minds_keys_that_cannot_be_checked),
	};

	return cmocka_run_group_tests_name("sqlite run", tests, NULL, NULL);
}
