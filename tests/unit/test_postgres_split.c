#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/postgres_server.h"

/* "KIND relation+relation!" a statement; ! refuses a transaction, ? is not
   understood, / is transaction control. */
static char *split_text(TALLOC_CTX *mem, const char *text)
{
	struct script *script = pgt_script(mem, text);
	char *out = talloc_strdup(mem, "");

	for (size_t i = 0; i < script->statement_count; i++) {
		const struct statement *s = &script->statements[i];

		out = talloc_asprintf_append(out, "%s%s", i ? "; " : "",
					     s->kind);
		for (size_t k = 0; k < s->relation_count; k++)
			out = talloc_asprintf_append(out, "%c%s", k ? '+' : ' ',
						     s->relations[k]);
		out = talloc_asprintf_append(
			out, "%s%s%s", s->no_transaction ? "!" : "",
			s->analysed ? "" : "?", s->control ? "/" : "");
	}
	return out;
}

#define splits(text, expected)                                                 \
	do {                                                                   \
		TALLOC_CTX *mem_ = talloc_new(NULL);                           \
		assert_string_equal(split_text(mem_, text), expected);         \
		talloc_free(mem_);                                             \
	} while (0)

static char *split_error(TALLOC_CTX *mem, const char *text)
{
	struct script *script = NULL;
	struct error err = { 0 };
	size_t length = strlen(text);

	assert_ok(script_parse(mem, "migrations/m.up.sql",
			       talloc_strdup(mem, text), length, SQL_POSTGRESQL,
			       &script, &err),
		  &err);
	assert_int_equal(db_engine_postgres.split(script, &err), -1);
	return pgt_error(mem, &err);
}

static void finds_statements_in_the_text(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct script *s = pgt_script(mem,
				      "-- first\n /* a */ SELECT 'é;' ;; \n\n"
				      "SELECT $x$;$x$ -- last\n");

	(void)state;
	assert_int_equal(s->statement_count, 2);
	assert_int_equal(strncmp(s->text + s->statements[0].offset,
				 "SELECT 'é;'", s->statements[0].length - 1),
			 0);
	assert_int_equal(strncmp(s->text + s->statements[1].offset,
				 "SELECT $x$;$x$", 14),
			 0);
	talloc_free(mem);
}

static void names_what_statements_touch(void **state)
{
	(void)state;
	splits("CREATE TABLE a (id int REFERENCES app.b, c text)",
	       "CREATE TABLE a+app.b");
	splits("ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES b",
	       "ALTER TABLE a+b");
	splits("INSERT INTO a SELECT * FROM b JOIN c USING (id)",
	       "INSERT a+b+c");
	splits("UPDATE a SET x = (SELECT max(x) FROM b) FROM c",
	       "UPDATE a+b+c");
	splits("WITH d AS (DELETE FROM a RETURNING *) "
	       "INSERT INTO b SELECT * FROM d",
	       "INSERT b+a");
	splits("DROP TABLE IF EXISTS \"My Table\", app.b CASCADE",
	       "DROP TABLE My Table+app.b");
	splits("DROP TRIGGER t ON app.a; DROP INDEX i",
	       "DROP TRIGGER app.a; DROP INDEX i");
	splits("COMMENT ON COLUMN app.a.c IS 'x'; COMMENT ON TABLE a IS 'y'",
	       "COMMENT app.a; COMMENT a");
	splits("ALTER TABLE a RENAME TO b; ALTER TABLE a RENAME COLUMN x TO y",
	       "ALTER TABLE a+b; ALTER TABLE a");
	splits("ALTER TABLE app.a SET SCHEMA old", "ALTER TABLE app.a+old.a");
	splits("CREATE VIEW v AS SELECT * FROM a; GRANT SELECT ON a, b TO x",
	       "CREATE VIEW v+a; GRANT a+b");
	splits("SELECT * FROM a FOR UPDATE OF a; TRUNCATE a, b",
	       "SELECT a; TRUNCATE TABLE a+b");
	splits("CREATE RULE r AS ON INSERT TO a DO ALSO DELETE FROM b",
	       "CREATE RULE a");
	splits("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 FROM a; "
	       "SELECT 2; END; SELECT 3",
	       "CREATE FUNCTION; SELECT");
	splits("CREATE TABLE a AS SELECT * FROM b; SELECT 1 INTO c",
	       "CREATE TABLE AS a+b; SELECT INTO c");
	splits("DO $$ BEGIN DROP TABLE a; END $$", "DO");
	splits("ALTER TABLE a ATTACH PARTITION b FOR VALUES IN (1)",
	       "ALTER TABLE a+b");
}

static void knows_what_refuses_a_transaction(void **state)
{
	(void)state;
	splits("CREATE INDEX CONCURRENTLY ON a (x)", "CREATE INDEX a!");
	splits("CREATE INDEX ON a (x)", "CREATE INDEX a");
	splits("DROP INDEX CONCURRENTLY i", "DROP INDEX i!");
	splits("REINDEX (CONCURRENTLY) TABLE a", "REINDEX a!");
	splits("REINDEX TABLE CONCURRENTLY a", "REINDEX a!");
	splits("REINDEX (CONCURRENTLY false) TABLE a", "REINDEX a");
	splits("REINDEX SCHEMA public", "REINDEX!");
	splits("VACUUM a; ANALYZE a", "VACUUM a!; ANALYZE a");
	splits("CREATE DATABASE d", "CREATE DATABASE!");
	splits("ALTER SYSTEM SET work_mem = 1", "ALTER SYSTEM!");
	splits("ALTER DATABASE d SET TABLESPACE s", "ALTER DATABASE!");
	splits("ALTER DATABASE d SET work_mem = 1", "ALTER DATABASE");
	splits("ALTER DATABASE d CONNECTION LIMIT 3", "ALTER DATABASE");
	splits("CLUSTER; CLUSTER a USING i", "CLUSTER!; CLUSTER a");
	splits("ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
	       "ALTER TABLE a+b!");
	splits("ALTER TABLE a DETACH PARTITION b", "ALTER TABLE a+b");
	splits("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
	       "CREATE SUBSCRIPTION!");
	splits("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p "
	       "WITH (connect = false)",
	       "CREATE SUBSCRIPTION");
	splits("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p "
	       "WITH (create_slot = false)",
	       "CREATE SUBSCRIPTION");
	splits("DISCARD ALL; DISCARD TEMP", "DISCARD!; DISCARD");
	splits("ALTER TYPE e ADD VALUE 'x'", "ALTER TYPE");
	splits("REFRESH MATERIALIZED VIEW CONCURRENTLY m",
	       "REFRESH MATERIALIZED VIEW m");
}

static void takes_a_wrapper_off(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct script *s;

	(void)state;
	s = pgt_script(mem, "BEGIN; SELECT 1; COMMIT;");
	assert_true(s->wrapped);
	assert_false(s->no_transaction);
	assert_int_equal(s->statement_count, 1);
	s = pgt_script(mem, "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; "
			    "COMMIT;");
	assert_false(s->wrapped);
	assert_true(s->no_transaction);
	s = pgt_script(mem, "SAVEPOINT a; SELECT 1; RELEASE a");
	assert_true(s->no_transaction);
	s = pgt_script(mem, "BEGIN; SELECT 1; COMMIT AND CHAIN; COMMIT");
	assert_true(s->no_transaction);
	talloc_free(mem);
}

static void leaves_unknown_syntax_to_the_server(void **state)
{
	(void)state;
	splits("CREATE TABLE a (x int, y int GENERATED ALWAYS AS (x) VIRTUAL);"
	       "CREATE TABLE b (x int)",
	       "CREATE TABLE?; CREATE TABLE b");
	splits("SELECT 1; FROBNICATE x; SELECT 2 FROM t",
	       "SELECT; FROBNICATE?; SELECT t");
	splits("CREATE UNIQUE INDEX CONCURRENTLY i ON t (x) FROBNICATE",
	       "CREATE INDEX!?");
	splits("VACUUM (FROBNICATE ON, FULL now) t oops", "VACUUM!?");
	splits("BEGIN ATOMICALLY; SELECT 1", "BEGIN?/; SELECT");
}

static void finds_the_rows_of_a_copy(void **state)
{
	static const char text[] = "COPY t (a) FROM stdin;\n"
				   "it's /* one\n-- migrate: nonsense\n\\.\n"
				   "copy u from STDIN WITH CSV; -- more\r\n"
				   "1,2\r\n\\.\r\n"
				   "COPY v FROM STDIN;\n\\.\n"
				   "SELECT 1";
	static const char *const rows[] = {
		"it's /* one\n-- migrate: nonsense\n", "1,2\r\n", "", NULL
	};
	TALLOC_CTX *mem = talloc_new(NULL);
	struct script *s = pgt_script(mem, text);

	(void)state;
	assert_true(s->has_data);
	assert_int_equal(s->statement_count, 4);
	for (size_t i = 0; rows[i]; i++) {
		const struct statement *copy = &s->statements[i];

		assert_string_equal(copy->kind, "COPY");
		assert_int_not_equal(copy->data_offset, 0);
		assert_int_equal(copy->data_length, strlen(rows[i]));
		assert_memory_equal(s->text + copy->data_offset, rows[i],
				    copy->data_length);
	}
	assert_string_equal(s->statements[3].kind, "SELECT");
	assert_int_equal(s->statements[3].data_offset, 0);
	talloc_free(mem);
}

static void refuses_what_only_psql_reads(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	assert_string_equal(
		split_error(mem, "COPY t TO STDOUT"),
		"1|COPY to the client has no place in a script||take it out, "
		"or "
		"name a file on the server||migrations/m.up.sql:1:1");
	assert_string_equal(
		split_error(mem, "SELECT 1;\n  \\connect other\nSELECT 2;"),
		"1|'\\connect' is a command of psql and not SQL||take it out: "
		"a "
		"script is read by the server, not by psql||"
		"migrations/m.up.sql:2:3");
	splits("COPY t FROM '/tmp/x'; COPY t FROM PROGRAM 'y'",
	       "COPY t; COPY t");
	splits("SELECT '\\connect', E'\\\\'", "SELECT");
	talloc_free(mem);
}

/* Past the size that is parsed in one go. */
static void splits_a_large_script_as_a_small_one(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *text = talloc_strdup(mem, "CREATE TABLE t (a int, b text);\n");
	struct script *s;

	(void)state;
	for (int i = 0; i < 10000; i++)
		text = talloc_asprintf_append_buffer(
			text, "INSERT INTO t (a, b) VALUES (%d, 'row; %d');\n",
			i, i);
	text = talloc_strdup_append_buffer(
		text, "INSERT INTO t (a, b) VALUES (1, (SELECT x FROM u));\n"
		      "CREATE INDEX CONCURRENTLY i ON t (a);\n"
		      "INSERT INTO w (a) VALUES (1)");
	for (int i = 0; i < 20000; i++)
		text = talloc_asprintf_append_buffer(text, ", (%d)", i);
	s = pgt_script(mem, text);
	assert_int_equal(s->statement_count, 10004);
	for (int i = 0; i < 10004; i++)
		assert_true(s->statements[i].analysed);
	assert_string_equal(s->statements[10000].relations[0], "t");
	assert_int_equal(s->statements[10000].relation_count, 1);
	assert_int_equal(s->statements[10001].relation_count, 2);
	assert_string_equal(s->statements[10001].relations[1], "u");
	assert_true(s->statements[10002].no_transaction);
	assert_string_equal(s->statements[10003].relations[0], "w");
	assert_string_equal(s->statements[10003].kind, "INSERT");
	talloc_free(mem);
}

static void quotes_names_only_where_needed(void **state)
{
	static const char *const names[][2] = {
		{ "users", "users" },
		{ "Users", "\"Users\"" },
		{ "user", "\"user\"" },
		{ "order", "\"order\"" },
		{ "name", "name" },
		{ "a b", "\"a b\"" },
		{ "a\"b", "\"a\"\"b\"" },
		{ "_x1", "_x1" },
		{ "1x", "\"1x\"" },
		{ "", "\"\"" },
		{ "timestamp", "\"timestamp\"" },
		{ "naïve", "\"naïve\"" },
	};
	const struct db_engine *engine = &db_engine_postgres;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *quoted = engine->quote_name(NULL, names[i][0]);

		assert_string_equal(quoted, names[i][1]);
		talloc_free(quoted);
	}
}

static void folds_names_as_the_server_does(void **state)
{
	const struct db_engine *engine = &db_engine_postgres;
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	assert_string_equal(engine->fold_name(mem, "Users"), "users");
	assert_string_equal(engine->fold_name(mem, "\"Users\""), "Users");
	assert_string_equal(engine->fold_name(mem, "\"a\"\"B\""), "a\"B");
	talloc_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_statements_in_the_text),
		cmocka_unit_test(names_what_statements_touch),
		cmocka_unit_test(knows_what_refuses_a_transaction),
		cmocka_unit_test(takes_a_wrapper_off),
		cmocka_unit_test(leaves_unknown_syntax_to_the_server),
		cmocka_unit_test(finds_the_rows_of_a_copy),
		cmocka_unit_test(refuses_what_only_psql_reads),
		cmocka_unit_test(splits_a_large_script_as_a_small_one),
		cmocka_unit_test(quotes_names_only_where_needed),
		cmocka_unit_test(folds_names_as_the_server_does),
	};

	return cmocka_run_group_tests_name("postgres_split", tests, NULL, NULL);
}
