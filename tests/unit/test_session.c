/* What a script that is gone on with must not rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/sql/session.h"

/* Cut at semicolons; the kind is the first word, or what the case says. */
static struct script *cut(TALLOC_CTX *mem, const char *text,
			  enum sql_dialect dialect)
{
	struct script *script = talloc_zero(mem, struct script);
	size_t at = 0;

	script->path = "x.up.sql";
	script->text = talloc_strdup(script, text);
	script->length = strlen(text);
	script->dialect = dialect;
	while (at < script->length) {
		size_t length = strcspn(text + at, ";");
		struct statement *s;

		script->statements = talloc_realloc(
			script, script->statements, struct statement,
			(unsigned)script->statement_count + 1);
		s = &script->statements[script->statement_count++];
		memset(s, 0, sizeof(*s));
		s->offset = at + strspn(text + at, " \n");
		s->length = at + length - s->offset;
		s->kind = talloc_strndup(script, text + s->offset,
					 strcspn(text + s->offset, " ;"));
		at += length + 1;
	}
	return script;
}

struct relies {
	enum sql_dialect dialect;
	const char *text;
	size_t done;
	const char *on; /* NULL: on nothing */
};

static void tells_what_a_script_relies_on(void **state)
{
	static const struct relies cases[] = {
		{ SQL_MYSQL, "SET @a = 1; INSERT INTO t VALUES (@a)", 1, NULL },
		{ SQL_MYSQL,
		  "SET @a = LAST_INSERT_ID(); INSERT INTO t "
		  "VALUES (@a)",
		  1, "@a" },
		{ SQL_MYSQL, "SET @`a b` := (SELECT 1); SELECT @'A B'", 1,
		  "@A B" },
		{ SQL_MYSQL, "SET @a = NOW(); SET @a = 2; SELECT @a", 1, NULL },
		{ SQL_MYSQL, "SET @a = NOW(); SET @a = 2; SELECT @a", 2, NULL },
		{ SQL_MYSQL, "SET @a = NOW(); SET @a = @a + 1", 1, "@a" },
		{ SQL_MYSQL, "SELECT id INTO @a FROM t; UPDATE t SET n = @a", 1,
		  "@a" },
		{ SQL_MYSQL, "SELECT @a := id FROM t; UPDATE t SET n = @a", 1,
		  "@a" },
		{ SQL_MYSQL, "SELECT @a; UPDATE t SET n = @a", 1, NULL },
		{ SQL_MYSQL, "CALL p(@a); UPDATE t SET n = @a", 1, "@a" },
		{ SQL_MYSQL, "SET @@sql_mode = ''; SELECT @@sql_mode", 1,
		  NULL },
		{ SQL_MYSQL, "SET @a = RAND(); SELECT '@a', \"@a\" -- @a", 1,
		  NULL },
		{ SQL_MYSQL,
		  "INSERT INTO t VALUES (); INSERT INTO u VALUES "
		  "(LAST_INSERT_ID())",
		  1, "LAST_INSERT_ID" },
		{ SQL_MYSQL,
		  "INSERT INTO t VALUES (); INSERT INTO t VALUES "
		  "(); INSERT INTO u VALUES (LAST_INSERT_ID())",
		  1, NULL },
		{ SQL_MYSQL, "DELETE FROM t; SELECT ROW_COUNT()", 1,
		  "ROW_COUNT" },
		{ SQL_MYSQL,
		  "DELETE FROM t; DELETE FROM t; SELECT "
		  "ROW_COUNT()",
		  1, NULL },
		{ SQL_MYSQL,
		  "CREATE TEMPORARY TABLE IF NOT EXISTS x (a int); "
		  "INSERT INTO t SELECT * FROM `x`",
		  1, "x" },
		{ SQL_MYSQL,
		  "CREATE TEMPORARY TABLE x (a int); DROP "
		  "TEMPORARY TABLE x; SELECT * FROM x",
		  2, NULL },
		{ SQL_MYSQL,
		  "CREATE TEMPORARY TABLE x (a int); CREATE "
		  "TEMPORARY TABLE x (a int); SELECT * FROM x",
		  1, NULL },
		{ SQL_POSTGRESQL,
		  "CREATE TEMP TABLE x (a int); SELECT * FROM "
		  "\"x\"",
		  1, "x" },
		{ SQL_POSTGRESQL, "CREATE TABLE x (a int); SELECT * FROM x", 1,
		  NULL },
		{ SQL_SQLITE,
		  "INSERT INTO t VALUES (1); SELECT "
		  "last_insert_rowid()",
		  1, "last_insert_rowid" },
		{ SQL_SQLITE,
		  "CREATE TEMP VIEW x AS SELECT 1; SELECT * FROM "
		  "x",
		  1, "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = { 0 };
		struct script *script = cut(NULL, cases[i].text,
					    cases[i].dialect);
		int result = session_check(script, cases[i].done, &err);
		char *expected = talloc_asprintf(
			script, "the script relies on %s, ", cases[i].on);

		if (!cases[i].on != !result ||
		    (cases[i].on &&
		     strncmp(err.message, expected, strlen(expected)) != 0))
			fail_msg("%s: %s", cases[i].text,
				 result ? err.message : "on nothing");
		error_release(&err);
		talloc_free(script);
	}
}

struct repeats {
	enum sql_dialect dialect;
	const char *text;
	bool repeats;
};

static void tells_which_settings_are_made_again(void **state)
{
	static const struct repeats cases[] = {
		{ SQL_POSTGRESQL, "SET search_path = s", true },
		{ SQL_POSTGRESQL, "SET LOCAL search_path = s", false },
		{ SQL_POSTGRESQL, "SET TRANSACTION READ ONLY", false },
		{ SQL_POSTGRESQL,
		  "SELECT pg_catalog.set_config('search_path', '', false)",
		  true },
		{ SQL_POSTGRESQL, "SELECT set_config('a.b', 'c', true)",
		  false },
		{ SQL_POSTGRESQL,
		  "SELECT set_config('a.b', max(c), false) FROM t", false },
		{ SQL_POSTGRESQL, "SELECT 1", false },
		{ SQL_MYSQL, "SET sql_mode = concat(@@sql_mode, ',ANSI')",
		  true },
		{ SQL_MYSQL, "SET @a = NOW()", false },
		{ SQL_MYSQL, "USE other", true },
		{ SQL_SQLITE, "PRAGMA foreign_keys = ON", true },
		{ SQL_SQLITE, "INSERT INTO t VALUES ('SET')", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct script *script = cut(NULL, cases[i].text,
					    cases[i].dialect);

		if (session_repeats(script, 0) != cases[i].repeats)
			fail_msg("%s", cases[i].text);
		talloc_free(script);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_a_script_relies_on),
		cmocka_unit_test(tells_which_settings_are_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
