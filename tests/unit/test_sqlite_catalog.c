/* What the SQLite engine says is in a database, and what counts as the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/db/db.h"

static const struct db_engine *const sqlite = &db_engine_sqlite;

struct place {
	char *folder;
	int files;
	struct error err;
};

static int set_up(void **state)
{
	struct place *p = talloc_zero(NULL, struct place);
	const char *tmp = getenv("TMPDIR");

	p->folder = talloc_asprintf(p, "%s/test_catalog_XXXXXX",
				    tmp ? tmp : "/tmp");
	*state = p;
	return mkdtemp(p->folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	int result = system(talloc_asprintf(p, "rm -rf '%s'", p->folder));

	error_release(&p->err);
	talloc_free(p);
	return result;
}

/* A new database in which the statements were run. */
static struct db *database(struct place *p, const char *sql)
{
	struct db_options options = { .create = true };
	struct sql_extent e = { 0 };
	struct db *db;
	char *url = talloc_asprintf(p, "sqlite:%s/%d.db", p->folder,
				    p->files++);

	assert_int_equal(sqlite->open(p, url, &options, &db, &p->err), 0);
	while (sql_next_statement(sql, strlen(sql), e.next, SQL_SQLITE, &e)) {
		char *one = talloc_strndup(p, sql + e.offset, e.length);

		if (sqlite->query(db, one, NULL, 0, NULL, NULL, &p->err) < 0)
			fail_msg("%s: %s", one, p->err.message);
	}
	return db;
}

static struct catalog *catalog_of(struct place *p, const char *sql)
{
	struct catalog *catalog = NULL;

	if (sqlite->catalog(p, database(p, sql), &catalog, &p->err) < 0)
		fail_msg("%s", p->err.message);
	return catalog;
}

static char *shown(struct place *p, const char *sql)
{
	struct catalog *c = catalog_of(p, sql);
	char *out = talloc_strdup(p, "");

	for (size_t i = 0; i < c->count; i++)
		out = talloc_asprintf_append(
			out, "%s %s: %s\n", c->objects[i].kind,
			c->objects[i].name, c->objects[i].definition);
	return out;
}

/* "-table t" where only the first has it, "+..." the second, "~..." both. */
static char *compared(struct place *p, const char *first, const char *second)
{
	size_t count;
	struct difference *d = catalog_compare(p, catalog_of(p, first),
					       catalog_of(p, second), &count);
	char *out = talloc_strdup(p, "");

	for (size_t i = 0; i < count; i++)
		out = talloc_asprintf_append(out, "%s%c%s %s", *out ? " " : "",
					     d[i].order_only ? '#'
					     : !d[i].before  ? '+'
					     : !d[i].after   ? '-'
							     : '~',
					     d[i].kind, d[i].name);
	return out;
}

static void describes_all_that_counts(void **state)
{
	struct place *p = *state;

	assert_string_equal(
		shown(p,
		      "CREATE TABLE p (a INTEGER PRIMARY KEY AUTOINCREMENT, b "
		      "TEXT COLLATE NOCASE DEFAULT 'x  Y', c VARCHAR ( 20 ) "
		      "NOT NULL ON CONFLICT IGNORE DEFAULT (Upper('q')), "
		      "d INT GENERATED ALWAYS AS (A * 2) STORED, e AS (b || "
		      "'!'), f, UNIQUE (b ASC, c) ON CONFLICT REPLACE);"
		      "CREATE TABLE c (x INT REFERENCES p (a) ON UPDATE "
		      "CASCADE "
		      "ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, y INT "
		      "CONSTRAINT pos CHECK (y>0 AND Y <> 7), CHECK (x IN "
		      "('A', \"B\")), PRIMARY KEY (x, y DESC)) WITHOUT ROWID, "
		      "STRICT;"
		      "CREATE UNIQUE INDEX IF NOT EXISTS Ix ON p ( \"b\" ASC, "
		      "Lower([f]) DESC ) WHERE f IS NOT NULL -- why\n AND b > "
		      "1;"
		      "CREATE VIEW v AS SELECT a /* x */, 'It''s' FROM \"p\";"
		      "CREATE TRIGGER tr AFTER UPDATE OF b ON p BEGIN UPDATE p "
		      "SET f = CASE WHEN 1 THEN -2 ELSE b||'x' END WHERE a = "
		      "new.a; END;"
		      "CREATE VIRTUAL TABLE ft USING fts5(Title, body);"
		      "CREATE TABLE git_migrations (a); CREATE INDEX own ON "
		      "git_migrations (a); ANALYZE;"),
		"column c.x: int not null\n"
		"column c.y: int not null\n"
		"column p.a: integer\n"
		"column p.b: text default 'x  Y' collate nocase\n"
		"column p.c: varchar(20) not null on conflict ignore default "
		"upper('q')\n"
		"column p.d: int as (a * 2) stored\n"
		"column p.e: as (b || '!') virtual\n"
		"column p.f: \n"
		"constraint c.check(x in('A', \"B\")): "
		"check(x in('A', \"B\"))\n"
		"constraint c.foreign key(x): foreign key(x) references p(a) "
		"on delete set null on update cascade deferrable initially "
		"deferred\n"
		"constraint c.pos: check(y > 0 and y <> 7)\n"
		"constraint c.primary key: primary key(x, y desc)\n"
		"constraint p.primary key: primary key(a) autoincrement\n"
		"constraint p.unique(b, c): unique(b, c) on conflict replace\n"
		"index Ix: unique on p(b, lower(f) desc) where f is not null "
		"and b > 1\n"
		"table c: table strict without rowid\n"
		"table ft: virtual table using fts5(title, body)\n"
		"table p: table\n"
		"trigger tr: after update of b on p begin update p set f = "
		"case when 1 then - 2 else b || 'x' end where a = new.a; end\n"
		"view v: as select a, 'It''s' from p\n");
}

/* Spelled differently, or come to by another way. */
static void takes_for_equal_what_is_equal(void **state)
{
	static const char *const cases[][2] = {
		{ "CREATE TABLE t (a INT, b TEXT)",
		  "create table if not exists \"t\"\n(\"a\" int -- x\n, [b] "
		  "text);" },
		/* rebuilt */
		{ "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> "
		  "''), p REFERENCES p);"
		  "CREATE INDEX i ON t (a) WHERE a > 'b';"
		  "CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT 1; END;"
		  "CREATE VIEW v AS SELECT t.a FROM t;"
		  "CREATE TABLE p (id INTEGER PRIMARY KEY);",
		  "CREATE TABLE p (id INTEGER PRIMARY KEY);"
		  "CREATE TABLE t (id, b);"
		  "CREATE TABLE new (\"id\" integer, a TEXT, p, PRIMARY KEY "
		  "(id), CHECK (\"a\" <> ''), FOREIGN KEY (p) REFERENCES p);"
		  "DROP TABLE t; ALTER TABLE new RENAME TO t;"
		  "CREATE INDEX \"i\" ON \"t\" (\"a\" ASC) WHERE \"a\">'b';"
		  "CREATE TRIGGER IF NOT EXISTS g BEFORE DELETE ON t\n"
		  "BEGIN\n\tSELECT 1;\nEND;"
		  "CREATE VIEW v AS SELECT \"t\".\"a\" FROM \"t\";" },
		/* added and taken away */
		{ "CREATE TABLE t (a, b DEFAULT 'x', CHECK (a > 0))",
		  "CREATE TABLE t (a, b DEFAULT 'x', CHECK (a > 0));"
		  "ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 0;"
		  "ALTER TABLE t DROP COLUMN c" },
		{ "CREATE TABLE t (a, b);CREATE INDEX i ON t (b)",
		  "CREATE TABLE t (a, x);CREATE INDEX i ON t (x);"
		  "ALTER TABLE t RENAME COLUMN x TO \"b\"" },
		{ "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t;"
		  "CREATE TABLE c (x REFERENCES t (a))",
		  "CREATE TABLE u (a); CREATE VIEW v AS SELECT a FROM u;"
		  "CREATE TABLE c (x REFERENCES u (a));"
		  "ALTER TABLE u RENAME TO t" },
		/* defaults written out */
		{ "CREATE TABLE t (a REFERENCES p ON DELETE NO ACTION NOT "
		  "DEFERRABLE, b REFERENCES p (x) ON DELETE CASCADE ON UPDATE "
		  "SET NULL DEFERRABLE INITIALLY IMMEDIATE, PRIMARY KEY (a "
		  "ASC))",
		  "CREATE TABLE t (a PRIMARY KEY REFERENCES p, b NULL, FOREIGN "
		  "KEY (b) REFERENCES p (x) ON UPDATE SET NULL ON DELETE "
		  "CASCADE)" },
		{ "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)",
		  "CREATE TABLE t (a INTEGER, PRIMARY KEY (a "
		  "AUTOINCREMENT))" },
		{ "CREATE TABLE t (a INT PRIMARY KEY) WITHOUT ROWID, STRICT;",
		  "CREATE TABLE t (a INT PRIMARY KEY) STRICT, WITHOUT ROWID" },
		{ "CREATE TABLE t (key, \"desc\"); CREATE INDEX i ON t "
		  "(\"key\", \"desc\")",
		  "CREATE TABLE t (\"key\", desc); CREATE INDEX i ON t (key, "
		  "desc)" },
	};
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(compared(p, cases[i][0], cases[i][1]), "");
}

static void tells_apart_what_differs(void **state)
{
	static const char *const cases[][3] = {
		{ "CREATE TABLE t (a INT)", "CREATE TABLE t (a BIGINT)",
		  "~column t.a" },
		{ "CREATE TABLE t (a)", "CREATE TABLE t (a NOT NULL)",
		  "~column t.a" },
		{ "CREATE TABLE t (a DEFAULT 'x')",
		  "CREATE TABLE t (a DEFAULT 'X')", "~column t.a" },
		{ "CREATE TABLE t (a DEFAULT \"x\")",
		  "CREATE TABLE t (a DEFAULT \"X\")", "~column t.a" },
		{ "CREATE TABLE t (a)", "CREATE TABLE t (a COLLATE NOCASE)",
		  "~column t.a" },
		{ "CREATE TABLE t (a, b AS (a))",
		  "CREATE TABLE t (a, b AS (a) STORED)", "~column t.b" },
		{ "CREATE TABLE t (a, b)", "CREATE TABLE t (b, a)",
		  "#column t.a #column t.b" },
		{ "CREATE TABLE t (a)", "CREATE TABLE T (a)",
		  "+column T.a -column t.a +table T -table t" },
		{ "CREATE TABLE t (a, CHECK (a IN (\"x\")))",
		  "CREATE TABLE t (a, CHECK (a IN (\"X\")))",
		  "+constraint t.check(a in(\"X\")) "
		  "-constraint t.check(a in(\"x\"))" },
		{ "CREATE TABLE t (a UNIQUE)",
		  "CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t (a)",
		  "-constraint t.unique(a) +index i" },
		{ "CREATE TABLE t (a UNIQUE)",
		  "CREATE TABLE t (a CONSTRAINT u UNIQUE)",
		  "+constraint t.u -constraint t.unique(a)" },
		{ "CREATE TABLE t (a REFERENCES p ON DELETE CASCADE)",
		  "CREATE TABLE t (a REFERENCES p)",
		  "~constraint t.foreign key(a)" },
		{ "CREATE TABLE t (a, b, PRIMARY KEY (a, b))",
		  "CREATE TABLE t (a, b, PRIMARY KEY (b, a))",
		  "~constraint t.primary key" },
		{ "CREATE TABLE t (a INTEGER PRIMARY KEY)",
		  "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)",
		  "~constraint t.primary key" },
		{ "CREATE TABLE t (a INT)", "CREATE TABLE t (a INT) STRICT",
		  "~table t" },
		{ "CREATE TABLE t (a); CREATE INDEX i ON t (a)",
		  "CREATE TABLE t (a); CREATE INDEX i ON t (a DESC)",
		  "~index i" },
		{ "CREATE TABLE t (a); CREATE INDEX i ON t (a)",
		  "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 1",
		  "~index i" },
		{ "CREATE VIEW v AS SELECT 1 AS a",
		  "CREATE VIEW v AS SELECT 2 "
		  "AS a",
		  "~view v" },
		{ "CREATE VIEW v AS SELECT 1", "", "-view v" },
	};
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(compared(p, cases[i][0], cases[i][1]),
				    cases[i][2]);
}

static void leaves_out_what_is_not_the_persons(void **state)
{
	assert_string_equal(shown(*state,
				  "CREATE TABLE git_migrations (a PRIMARY KEY);"
				  "CREATE INDEX i ON git_migrations (a);"
				  "CREATE TABLE git_migrate_runs (a);"
				  "CREATE TABLE git_migrate_meta (a);"
				  "CREATE TEMP TABLE t (a); ANALYZE"),
			    "");
}

static void gives_the_statements_that_make_a_table(void **state)
{
	struct place *p = *state;
	struct db *db = database(
		p, "CREATE TABLE IF NOT EXISTS Users (id INTEGER PRIMARY KEY, "
		   "-- the id\n name UNIQUE);"
		   "CREATE TRIGGER g AFTER INSERT ON Users BEGIN SELECT 1; END;"
		   "CREATE INDEX b ON Users (name);"
		   "CREATE VIEW v AS SELECT 1");
	char **statements;
	size_t count;

	assert_int_equal(sqlite->definition(p, db, "users", &statements, &count,
					    &p->err),
			 0);
	assert_int_equal(count, 3);
	assert_string_equal(statements[0],
			    "CREATE TABLE Users (id INTEGER PRIMARY KEY, -- "
			    "the id\n name UNIQUE)");
	assert_string_equal(statements[1], "CREATE INDEX b ON Users (name)");
	assert_string_equal(statements[2], "CREATE TRIGGER g AFTER INSERT ON "
					   "Users BEGIN SELECT 1; END");
	assert_int_equal(
		sqlite->definition(p, db, "v", &statements, &count, &p->err),
		0);
	assert_int_equal(count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(describes_all_that_counts),
		TEST(takes_for_equal_what_is_equal),
		TEST(tells_apart_what_differs),
		TEST(leaves_out_what_is_not_the_persons),
		TEST(gives_the_statements_that_make_a_table),
	};

	return cmocka_run_group_tests_name("sqlite catalog", tests, NULL, NULL);
}
