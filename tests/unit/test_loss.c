/* What scripts destroy, as each engine's own way of reading them tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/db/db.h"
#include "core/sql/loss.h"

struct read_case {
	const char *sql, *expected; /* losses, separated by "; " */
};

static const struct db_engine *engine_of(enum sql_dialect dialect)
{
	return dialect == SQL_POSTGRESQL ? &db_engine_postgres
	       : dialect == SQL_SQLITE	 ? &db_engine_sqlite
					 : &db_engine_mariadb;
}

static char *losses(TALLOC_CTX *mem, struct loss_made *made, const char *sql,
		    enum sql_dialect dialect)
{
	char *out = talloc_strdup(mem, "");
	struct error err = { 0 };
	struct script *script;

	if (script_parse(mem, "x.up.sql", talloc_strdup(mem, sql), strlen(sql),
			 dialect, &script, &err) < 0 ||
	    engine_of(dialect)->split(script, &err) < 0)
		fail_msg("%s: %s", sql, err.message);
	for (size_t n = 0; n < script->statement_count; n++)
		for (size_t i = 0; i < script->statements[n].loss_count; i++) {
			const struct loss *l = &script->statements[n].losses[i];

			if (loss_next(made, l))
				out = talloc_asprintf_append(
					out, "%s%s%s%s", *out ? "; " : "",
					loss_text(mem, l), l->to ? " to " : "",
					l->to ? l->to : "");
		}
	loss_end_script(made);
	return out;
}

static void check(const struct read_case *cases, size_t count,
		  enum sql_dialect dialect)
{
	for (size_t i = 0; i < count; i++) {
		TALLOC_CTX *mem = talloc_new(NULL);
		char *found = losses(mem, loss_made_new(mem, dialect),
				     cases[i].sql, dialect);

		if (strcmp(found, cases[i].expected) != 0)
			fail_msg("%s\n  expected: %s\n  found: %s",
				 cases[i].sql, cases[i].expected, found);
		talloc_free(mem);
	}
}

#define CHECK(cases, dialect)                                                  \
	check(cases, sizeof(cases) / sizeof(*(cases)), dialect)

static const struct read_case common[] = {
	{ "CREATE TABLE a (id integer)", "" },
	{ "CREATE TABLE a (id integer); DROP TABLE a", "" },
	{ "CREATE TABLE IF NOT EXISTS a (id integer); DROP TABLE a",
	  "drops table a" },
	{ "CREATE TABLE a (id integer); DROP TABLE a; DROP TABLE a",
	  "drops table a" },
	{ "DROP TABLE IF EXISTS a", "drops table a" },
	{ "DROP TABLE s.a", "drops table s.a" },
	{ "DROP VIEW v", "" },
	{ "DROP INDEX i", "" },
	{ "ALTER TABLE a ADD COLUMN b integer", "" },
	{ "ALTER TABLE a DROP COLUMN b", "drops column a.b" },
	{ "ALTER TABLE a DROP b", "drops column a.b" },
	{ "ALTER TABLE a RENAME COLUMN b TO c", "" },
	{ "DELETE FROM a", "deletes rows of a" },
	{ "DELETE FROM a WHERE id = 'UPDATE b SET'", "deletes rows of a" },
	{ "UPDATE a SET b = 1", "updates rows of a" },
	{ "WITH n AS (SELECT 1) DELETE FROM a", "deletes rows of a" },
	{ "INSERT INTO a VALUES ('on conflict do update')", "" },
	{ "INSERT INTO a SELECT * FROM b", "" },
	{ "SELECT 'DROP TABLE a'", "" },
	/* a table is built anew: the old one goes, and only that is lost */
	{ "CREATE TABLE n (id integer); INSERT INTO n SELECT id FROM a; "
	  "DROP TABLE a; ALTER TABLE n RENAME TO a; UPDATE a SET id = 2",
	  "drops table a" },
};

static void reads_what_all_share(void **state)
{
	(void)state;
	CHECK(common, SQL_POSTGRESQL);
	CHECK(common, SQL_SQLITE);
	CHECK(common, SQL_MYSQL);
}

static void reads_postgresql(void **state)
{
	static const struct read_case cases[] = {
		{ "DROP TABLE a, b CASCADE", "drops table a; drops table b" },
		{ "DROP SCHEMA s CASCADE", "drops schema s" },
		{ "DROP TYPE mood", "drops type mood" },
		{ "DROP DATABASE d", "drops database d" },
		{ "DROP MATERIALIZED VIEW m", "" },
		{ "DROP FUNCTION f()", "" },
		{ "DROP FUNCTION f() CASCADE",
		  "may destroy anything: what CASCADE does cannot be told" },
		{ "TRUNCATE a, s.b", "empties a; empties s.b" },
		{ "WITH d AS (DELETE FROM a RETURNING *) INSERT INTO b "
		  "SELECT * FROM d",
		  "deletes rows of a" },
		{ "INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET b "
		  "= 1",
		  "updates rows of a" },
		{ "INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING", "" },
		{ "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN "
		  "DELETE",
		  "deletes rows of a" },
		{ "ALTER TABLE a ALTER COLUMN b TYPE bigint",
		  "may narrow a.b to int8" },
		{ "ALTER TABLE a ALTER b TYPE varchar(20), DROP c",
		  "may narrow a.b to varchar(20); drops column a.c" },
		{ "ALTER TABLE a ALTER b TYPE integer USING b::integer",
		  "may narrow a.b" },
		{ "DO $$ BEGIN DELETE FROM a; END $$",
		  "may destroy anything: what DO does cannot be told" },
		{ "DO $$ BEGIN CREATE TABLE b (id int); END $$", "" },
		{ "CALL p()",
		  "may destroy anything: what CALL does cannot be told" },
		{ "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE "
		  "FROM a'",
		  "" },
		{ "CREATE TABLE a AS SELECT 1; TRUNCATE a", "" },
		{ "CREATE TABLE \"A\" (id int); DROP TABLE a",
		  "drops table a" },
		{ "DROP OWNED BY r",
		  "may destroy anything: what DROP OWNED does cannot be told" },
		{ "EXPLAIN ANALYZE DELETE FROM a", "deletes rows of a" },
	};

	(void)state;
	CHECK(cases, SQL_POSTGRESQL);
}

static void reads_sqlite(void **state)
{
	static const struct read_case cases[] = {
		{ "REPLACE INTO a VALUES (1)", "updates rows of a" },
		{ "INSERT OR REPLACE INTO a VALUES (1)", "updates rows of a" },
		{ "INSERT OR IGNORE INTO a VALUES (1)", "" },
		{ "INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET b "
		  "= 1",
		  "updates rows of a" },
		{ "INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING", "" },
		{ "UPDATE OR IGNORE main.a SET b = 1", "updates rows of a" },
		{ "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; "
		  "END",
		  "" },
		{ "CREATE TABLE \"A\" (id); DROP TABLE a", "" },
		{ "ALTER TABLE a RENAME b TO c", "" },
		{ "CREATE TEMP TABLE a (id); DELETE FROM a", "" },
	};

	(void)state;
	CHECK(cases, SQL_SQLITE);
}

static void reads_mysql(void **state)
{
	static const struct read_case cases[] = {
		{ "DROP TABLE a, `b c`", "drops table a; drops table b c" },
		{ "DROP TEMPORARY TABLE a", "" },
		{ "DROP DATABASE IF EXISTS d", "drops database d" },
		{ "CREATE OR REPLACE TABLE a (id int)", "drops table a" },
		{ "TRUNCATE a", "empties a" },
		{ "TRUNCATE TABLE a", "empties a" },
		{ "REPLACE INTO a VALUES (1)", "updates rows of a" },
		{ "INSERT INTO a VALUES (1) ON DUPLICATE KEY UPDATE b = 1",
		  "updates rows of a" },
		{ "INSERT INTO a VALUES ('duplicate')", "" },
		{ "ALTER TABLE a ADD b int, DROP c, DROP COLUMN IF EXISTS d",
		  "drops column a.c; drops column a.d" },
		{ "ALTER TABLE a DROP INDEX i, DROP PRIMARY KEY, DROP FOREIGN "
		  "KEY f, DROP CONSTRAINT c",
		  "" },
		{ "ALTER TABLE a DROP PARTITION p", "deletes rows of a" },
		{ "ALTER TABLE a TRUNCATE PARTITION p", "empties a" },
		{ "ALTER TABLE a MODIFY b bigint unsigned DEFAULT 1",
		  "may narrow a.b to bigint unsigned" },
		{ "ALTER TABLE a MODIFY COLUMN b varchar(20) NOT NULL, ADD c "
		  "decimal(1,2)",
		  "may narrow a.b to varchar(20) not null" },
		{ "ALTER TABLE a CHANGE b c varchar(20) CHARACTER SET latin1",
		  "may narrow a.b" },
		{ "ALTER TABLE a CONVERT TO CHARACTER SET latin1",
		  "may narrow a.its text" },
		{ "RENAME TABLE a TO b, c TO d", "" },
		{ "CREATE TABLE n (id int); RENAME TABLE a TO o, n TO a; DROP "
		  "TABLE o",
		  "drops table o" },
		{ "UPDATE a AS x SET b = 1", "updates rows of a" },
		{ "UPDATE a JOIN b ON a.id = b.id SET a.c = 1",
		  "updates rows of a; updates rows of b" },
		{ "CREATE TABLE n (id int); UPDATE n JOIN a ON n.id = a.id SET "
		  "a.c = 1",
		  "updates rows of a" },
		{ "DELETE a FROM a JOIN b ON a.id = b.id",
		  "deletes rows of a; deletes rows of b" },
		{ "DELETE LOW_PRIORITY FROM a WHERE id = 1",
		  "deletes rows of a" },
		{ "LOAD DATA INFILE 'x' REPLACE INTO TABLE a",
		  "updates rows of a" },
		{ "LOAD DATA INFILE 'x' INTO TABLE a", "" },
		{ "CALL p()",
		  "may destroy anything: what CALL does cannot be told" },
		{ "EXECUTE IMMEDIATE 'DROP TABLE a'",
		  "may destroy anything: what EXECUTE does cannot be told" },
		{ "SET STATEMENT max_statement_time = 1 FOR DELETE FROM a",
		  "may destroy anything: what SET does cannot be told" },
		{ "SET @x = REPLACE('a', 'b', 'c')", "" },
		{ "/*!50000 DROP TABLE a */", "drops table a" },
		{ "BEGIN NOT ATOMIC DELETE FROM a; END",
		  "may destroy anything: what BEGIN does cannot be told" },
		{ "CREATE PROCEDURE p() BEGIN DELETE FROM a; END", "" },
	};

	(void)state;
	CHECK(cases, SQL_MYSQL);
}

static void knows_types_that_hold_all_of_another(void **state)
{
	static const struct {
		enum sql_dialect dialect;
		const char *from, *to;
		bool widens;
	} cases[] = {
		{ SQL_POSTGRESQL, "int4", "int8", true },
		{ SQL_POSTGRESQL, "int8", "int4", false },
		{ SQL_POSTGRESQL, "int4", "numeric", true },
		{ SQL_POSTGRESQL, "int4", "numeric(5,0)", false },
		{ SQL_POSTGRESQL, "float8", "float4", false },
		{ SQL_POSTGRESQL, "float8", "numeric", false },
		{ SQL_POSTGRESQL, "varchar(10)", "varchar(20)", true },
		{ SQL_POSTGRESQL, "varchar(20)", "varchar(10)", false },
		{ SQL_POSTGRESQL, "varchar(10)", "text", true },
		{ SQL_POSTGRESQL, "text", "varchar(10)", false },
		{ SQL_POSTGRESQL, "text", "varchar", true },
		{ SQL_POSTGRESQL, "bpchar(5)", "text", false },
		{ SQL_POSTGRESQL, "numeric(5,2)", "numeric(7,3)", true },
		{ SQL_POSTGRESQL, "numeric(5,2)", "numeric(5,3)", false },
		{ SQL_POSTGRESQL, "jsonb", "text", false },
		{ SQL_MYSQL, "int(11)", "bigint", true },
		{ SQL_MYSQL, "int(11)", "BIGINT(20)", true },
		{ SQL_MYSQL, "int(10) unsigned", "bigint", false },
		{ SQL_MYSQL, "int(10) unsigned", "bigint unsigned", true },
		{ SQL_MYSQL, "bigint(20)", "integer", false },
		{ SQL_MYSQL, "varchar(10)", "varchar(20)", true },
		{ SQL_MYSQL, "varchar(20)", "varchar(10)", false },
		{ SQL_MYSQL, "varchar(10)", "text", false },
		{ SQL_MYSQL, "text", "longtext", true },
		{ SQL_MYSQL, "decimal(5,2)", "numeric(6,2)", true },
		{ SQL_MYSQL, "enum('a','b')", "enum('a')", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (loss_type_widens(cases[i].from, cases[i].to,
				     cases[i].dialect) != cases[i].widens)
			fail_msg("%s to %s", cases[i].from, cases[i].to);
}

static void a_plan_may_drop_what_it_made(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct loss_made *made = loss_made_new(mem, SQL_POSTGRESQL);

	(void)state;
	assert_string_equal(losses(mem, made,
				   "CREATE TABLE a (id int); "
				   "CREATE TEMP TABLE b (id int); "
				   "DELETE FROM b",
				   SQL_POSTGRESQL),
			    "");
	/* what was temporary is gone, so this is another one */
	assert_string_equal(losses(mem, made,
				   "ALTER TABLE a DROP id; DROP TABLE a; "
				   "DROP TABLE b",
				   SQL_POSTGRESQL),
			    "drops table b");
	talloc_free(mem);
}

static void takes_large_inserts_apart(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *sql = talloc_strdup(mem, "");

	(void)state;
	for (int i = 0; i < 9000; i++)
		sql = talloc_asprintf_append_buffer(
			sql,
			"INSERT INTO a (id, b) VALUES (%d, 'a longer text');\n",
			i);
	sql = talloc_asprintf_append_buffer(
		sql, "INSERT INTO a (id, b) VALUES (1, '') "
		     "ON CONFLICT (id) DO UPDATE SET b = '';\n");
	assert_string_equal(losses(mem, loss_made_new(mem, SQL_POSTGRESQL), sql,
				   SQL_POSTGRESQL),
			    "updates rows of a");
	talloc_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_all_share),
		cmocka_unit_test(reads_postgresql),
		cmocka_unit_test(reads_sqlite),
		cmocka_unit_test(reads_mysql),
		cmocka_unit_test(knows_types_that_hold_all_of_another),
		cmocka_unit_test(a_plan_may_drop_what_it_made),
		cmocka_unit_test(takes_large_inserts_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
