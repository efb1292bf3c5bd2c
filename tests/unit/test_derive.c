#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/derive/derive.h"

/* --- what a statement changes --------------------------------------------- */

static struct changes *read_one(const char *text, enum sql_dialect dialect)
{
	struct changes *changes = talloc_zero(NULL, struct changes);

	changes_read(changes, text, strlen(text), dialect);
	return changes;
}

static void check(const char *text, enum sql_dialect dialect,
		  enum change_kind kind, const char *object, const char *name,
		  const char *table)
{
	struct changes *changes = read_one(text, dialect);
	const struct change *c = &changes->list[0];

	assert_int_equal(changes->count, 1);
	assert_int_equal(c->kind, kind);
	assert_string_equal(c->object, object);
	if (name)
		assert_string_equal(c->name.name, name);
	else
		assert_null(c->name.name);
	if (table)
		assert_string_equal(c->table.name, table);
	else
		assert_null(c->table.name);
	talloc_free(changes);
}

static void reads_what_is_made_and_dropped(void **state)
{
	(void)state;
	check("CREATE TABLE \"a b\" (x)", SQL_SQLITE, CHANGE_CREATE, "TABLE",
	      "a b", "a b");
	check("CREATE TABLE IF NOT EXISTS main.t AS SELECT 1", SQL_SQLITE,
	      CHANGE_CREATE, "TABLE", "t", "t");
	check("CREATE UNIQUE INDEX i ON t (x)", SQL_SQLITE, CHANGE_CREATE,
	      "INDEX", "i", "t");
	check("CREATE TRIGGER g AFTER UPDATE OF x ON t BEGIN SELECT 1; END",
	      SQL_SQLITE, CHANGE_CREATE, "TRIGGER", "g", "t");
	check("CREATE DEFINER=`a`@`b` SQL SECURITY INVOKER VIEW v AS SELECT 1",
	      SQL_MYSQL, CHANGE_CREATE, "VIEW", "v", NULL);
	check("DROP VIEW IF EXISTS v", SQL_SQLITE, CHANGE_DROP, "VIEW", "v",
	      NULL);
	check("DROP INDEX i ON t", SQL_MYSQL, CHANGE_DROP, "INDEX", "i", "t");
	check("RENAME TABLE a TO b", SQL_MYSQL, CHANGE_RENAME, "TABLE", "a",
	      "a");
	check("ALTER TABLE t ADD UNIQUE KEY (x, y)", SQL_MYSQL, CHANGE_CREATE,
	      "INDEX", "x", "t");
	check("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES p (y)",
	      SQL_MYSQL, CHANGE_ADD_CONSTRAINT, "CONSTRAINT", "f", "t");
	check("ALTER TABLE t DROP FOREIGN KEY f", SQL_MYSQL,
	      CHANGE_DROP_CONSTRAINT, "CONSTRAINT", "f", "t");
}

static void leaves_what_it_does_not_know_to_a_person(void **state)
{
	(void)state;
	check("ALTER TABLE t ENGINE = Aria", SQL_MYSQL, CHANGE_OTHER,
	      "ALTER TABLE", NULL, NULL);
	check("CALL x()", SQL_MYSQL, CHANGE_OTHER, "the statement", NULL, NULL);
	check("INSERT OR REPLACE INTO t VALUES (1)", SQL_SQLITE, CHANGE_OTHER,
	      "INSERT", NULL, NULL);
}

static void reads_each_part_of_alter_table(void **state)
{
	struct changes *c = read_one(
		"ALTER TABLE t ADD COLUMN a int DEFAULT (f(1, 2)), "
		"ADD (b int, c int), DROP d, MODIFY e int, CHANGE f g int, "
		"RENAME COLUMN h TO i, ALGORITHM=INPLACE, LOCK=NONE",
		SQL_MYSQL);
	static const struct {
		enum change_kind kind;
		const char *column, *to;
	} expected[] = {
		{ CHANGE_ADD_COLUMN, "a", NULL },
		{ CHANGE_ADD_COLUMN, "b", NULL },
		{ CHANGE_ADD_COLUMN, "c", NULL },
		{ CHANGE_DROP_COLUMN, "d", NULL },
		{ CHANGE_ALTER_COLUMN, "e", NULL },
		{ CHANGE_ALTER_COLUMN, "f", "g" },
		{ CHANGE_RENAME_COLUMN, "h", "i" },
	};

	(void)state;
	assert_int_equal(c->count, sizeof(expected) / sizeof(*expected));
	for (size_t i = 0; i < c->count; i++) {
		assert_int_equal(c->list[i].kind, expected[i].kind);
		assert_string_equal(c->list[i].column, expected[i].column);
		if (expected[i].to)
			assert_string_equal(c->list[i].to, expected[i].to);
		else
			assert_null(c->list[i].to);
	}
	talloc_free(c);
}

static void keeps_literals_of_rows(void **state)
{
	struct changes *c = read_one("INSERT INTO t (A, b) VALUES "
				     "(-1.5, 'x''),('), (now(), NULL)",
				     SQL_SQLITE);

	(void)state;
	assert_int_equal(c->list[0].row_count, 2);
	assert_int_equal(c->list[0].width, 2);
	assert_string_equal(c->list[0].columns[0], "A");
	assert_string_equal(c->list[0].rows[0][0], "-1.5");
	assert_string_equal(c->list[0].rows[0][1], "'x''),('");
	assert_null(c->list[0].rows[1][0]);
	assert_string_equal(c->list[0].rows[1][1], "NULL");
	talloc_free(c);
	c = read_one("INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING",
		     SQL_SQLITE);
	assert_int_equal(c->list[0].row_count, 0);
	talloc_free(c);
}

static void check_grant(const char *text, const char *expected)
{
	char *found = changes_grant_inverse(NULL, text, strlen(text),
					    SQL_POSTGRESQL);

	if (expected)
		assert_string_equal(found, expected);
	else
		assert_null(found);
	talloc_free(found);
}

static void turns_privileges_round(void **state)
{
	(void)state;
	check_grant("GRANT SELECT, UPDATE (a) ON t TO x, y WITH GRANT OPTION",
		    "REVOKE SELECT, UPDATE (a) ON t FROM x, y");
	check_grant("REVOKE INSERT ON t FROM x CASCADE",
		    "GRANT INSERT ON t TO x");
	check_grant("REVOKE ALL ON t FROM x", NULL);
	check_grant("REVOKE GRANT OPTION FOR SELECT ON t FROM x", NULL);
}

/* --- the script ----------------------------------------------------------- */

/* A catalog with one table, t (id, a), whose key is id, and one view. */
static int ask(TALLOC_CTX *mem, const char *word, const struct change *c,
	       struct derive_facts *facts, void *data)
{
	static struct derive_fact key[] = { { "column", "id" },
					    { "column", "a" },
					    { "key", "id" } };
	static struct derive_fact view[] = { { "known", "yes" },
					     { "definition",
					       "CREATE VIEW v AS SELECT 1" } };
	static struct derive_fact table[] = {
		{ "known", "yes" },
		{ "definition", "CREATE TABLE t (id integer PRIMARY KEY, a)" },
		{ "definition", "CREATE INDEX i ON t (a)" }
	};

	(void)mem;
	(void)data;
	if (!strcmp(word, "key"))
		*facts = (struct derive_facts){ key, 3 };
	else if (!strcmp(word, "definition"))
		*facts = (struct derive_facts){ table, 3 };
	else if (!strcmp(word, "object") && !strcmp(c->object, "VIEW"))
		*facts = (struct derive_facts){ view, 2 };
	return 0;
}

static int definition(TALLOC_CTX *mem, const struct change *c,
		      char ***statements, size_t *count, void *data)
{
	(void)c;
	(void)data;
	*statements = talloc_array(mem, char *, 2);
	(*statements)[0] = talloc_strdup(
		mem, "CREATE TABLE t (id integer PRIMARY KEY, a UNIQUE)");
	*count = 1;
	return 0;
}

/* The script without its header. */
static char *undo(const char *text, const struct derive_catalog *catalog)
{
	const struct db_engine *engine = db_engine_named("sqlite");
	TALLOC_CTX *mem = talloc_new(NULL);
	struct derivation *out;
	struct error err = { 0 };
	struct script *script;
	char *body;

	assert_int_equal(script_parse(mem, "up.sql", talloc_strdup(mem, text),
				      strlen(text), SQL_SQLITE, &script, &err),
			 0);
	assert_int_equal(engine->split(script, &err), 0);
	assert_int_equal(derive(mem, engine, script, "x", "target 'dev'",
				catalog, &out, &err),
			 0);
	body = talloc_strdup(NULL, strstr(out->text, "\n\n") + 2);
	talloc_free(mem);
	return body;
}

static void check_undo(const char *text, const char *expected)
{
	const struct derive_catalog catalog = { ask, definition, NULL };
	char *found = undo(text, &catalog);

	assert_string_equal(found, expected);
	talloc_free(found);
}

static void undoes_in_reverse_order(void **state)
{
	(void)state;
	check_undo("ALTER TABLE t RENAME COLUMN a TO b;"
		   "CREATE VIEW w AS SELECT 1; DROP VIEW v;",
		   "CREATE VIEW v AS SELECT 1;\n"
		   "DROP VIEW w;\n"
		   "ALTER TABLE t RENAME COLUMN b TO a;\n");
}

static void what_is_new_takes_its_parts_along(void **state)
{
	(void)state;
	check_undo("CREATE TABLE n (x); CREATE INDEX j ON n (x);"
		   "INSERT INTO n VALUES (1); UPDATE n SET x = 2;"
		   "ALTER TABLE n ADD COLUMN y; DELETE FROM n;",
		   "-- migrate: data-loss \"n is lost with all its rows\"\n"
		   "DROP TABLE n;\n");
	check_undo("CREATE TABLE n (x); DROP TABLE n; SELECT 1;",
		   "-- migrate: empty \"the up script changes nothing that is "
		   "to be undone\"\n");
	check_undo("ALTER TABLE t ADD COLUMN x; UPDATE t SET x = a;",
		   "-- migrate: data-loss \"t.x is lost\"\n"
		   "ALTER TABLE t DROP COLUMN x;\n");
}

static void an_index_comes_back_once(void **state)
{
	(void)state;
	check_undo("DROP TABLE t; DROP VIEW IF EXISTS v; DROP VIEW v;",
		   "CREATE VIEW v AS SELECT 1;\n"
		   "-- migrate: data-loss \"the rows of t\"\n"
		   "CREATE TABLE t (id integer PRIMARY KEY, a);\n"
		   "CREATE INDEX i ON t (a);\n");
}

static void rows_go_by_their_key(void **state)
{
	(void)state;
	check_undo("INSERT INTO t VALUES (1, 'x'), (2, random());",
		   "DELETE FROM t WHERE id IN (1, 2);\n");
	check_undo("INSERT INTO t (a) VALUES ('x');",
		   "-- migrate: edit \"delete the rows that the up script puts "
		   "into t, and no others\"\n");
	check_undo("INSERT INTO t VALUES (NULL, 'x');",
		   "-- migrate: edit \"delete the rows that the up script puts "
		   "into t, and no others\"\n");
}

static void a_column_that_cannot_be_added_makes_the_table_anew(void **state)
{
	(void)state;
	check_undo("ALTER TABLE t DROP COLUMN a;",
		   "-- migrate: data-loss \"the values of t.a\"\n"
		   "CREATE TABLE t__new (id integer PRIMARY KEY, a UNIQUE);\n"
		   "INSERT INTO t__new (id)\n    SELECT id FROM t;\n"
		   "DROP TABLE t;\n"
		   "ALTER TABLE t__new RENAME TO t;\n");
}

static void without_a_catalog_it_guesses_nothing(void **state)
{
	char *found = undo("DROP TABLE t; CREATE TABLE n (x);", NULL);

	(void)state;
	assert_string_equal(
		found,
		"-- migrate: data-loss \"n is lost with all its rows\"\n"
		"DROP TABLE n;\n"
		"-- migrate: edit \"bring table t back as it was, which no "
		"target could tell\"\n");
	talloc_free(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_made_and_dropped),
		cmocka_unit_test(leaves_what_it_does_not_know_to_a_person),
		cmocka_unit_test(reads_each_part_of_alter_table),
		cmocka_unit_test(keeps_literals_of_rows),
		cmocka_unit_test(turns_privileges_round),
		cmocka_unit_test(undoes_in_reverse_order),
		cmocka_unit_test(what_is_new_takes_its_parts_along),
		cmocka_unit_test(an_index_comes_back_once),
		cmocka_unit_test(rows_go_by_their_key),
		cmocka_unit_test(
			a_column_that_cannot_be_added_makes_the_table_anew),
		cmocka_unit_test(without_a_catalog_it_guesses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
