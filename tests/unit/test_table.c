/* CREATE TABLE statements taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/sql/table.h"

static const char *const kinds[] = {
	"pk",	"unique",  "check",   "fk",	   "notnull",
	"null", "default", "collate", "generated",
};

/* "name:type[kind(name)=text ...] ... / constraints / suffix" */
static char *shown(TALLOC_CTX *mem, const char *sql)
{
	struct error err = { 0 };
	struct table_text *t;
	char *out;

	if (table_parse(mem, sql, &t, &err) < 0) {
		out = talloc_strdup(mem, err.message);
		error_release(&err);
		return out;
	}
	out = talloc_asprintf(mem, "%s", t->name);
	for (size_t i = 0; i < t->column_count; i++) {
		const struct table_column *c = &t->columns[i];

		assert_memory_equal(sql + c->offset, c->text, c->length);
		out = talloc_asprintf_append(out, " {%s:%s", c->name, c->type);
		for (size_t n = 0; n < c->rule_count; n++)
			out = talloc_asprintf_append(out, "|%s=%s",
						     kinds[c->rules[n].kind],
						     c->rules[n].text);
		out = talloc_strdup_append(out, "}");
	}
	for (size_t i = 0; i < t->constraint_count; i++) {
		const struct table_rule *r = &t->constraints[i];

		assert_memory_equal(sql + r->offset, r->text, r->length);
		out = talloc_asprintf_append(out, " (%s:%s=%s)",
					     r->name ? r->name : "",
					     kinds[r->kind], r->text);
	}
	assert_int_equal(sql[t->open], '(');
	assert_int_equal(sql[t->close], ')');
	return talloc_asprintf_append(out, " %s", t->suffix);
}

static void takes_tables_apart(void **state)
{
	static const char *const cases[][2] = {
		{ "CREATE TABLE t (a)", "t {a:} " },
		{ "create temp table if not exists main.\"t x\"(a int, b) "
		  "strict",
		  "t x {a:int} {b:} strict" },
		{ "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, -- x\n"
		  "  price DECIMAL(10, 2) NOT NULL DEFAULT (1 + (2)), /* y */\n"
		  "  [a b] VARYING CHARACTER (255) DEFAULT -1.5\n)  "
		  "WITHOUT ROWID ;",
		  "t {id:INTEGER|pk=PRIMARY KEY AUTOINCREMENT} "
		  "{price:DECIMAL(10, 2)|notnull=NOT NULL|"
		  "default=DEFAULT (1 + (2))} "
		  "{a b:VARYING CHARACTER (255)|default=DEFAULT -1.5} "
		  "WITHOUT ROWID" },
		{ "CREATE TABLE t (a REFERENCES p(x) ON DELETE SET NULL ON "
		  "UPDATE NO ACTION MATCH FULL NOT DEFERRABLE INITIALLY "
		  "DEFERRED NOT NULL, b REFERENCES p ON DELETE CASCADE)",
		  "t {a:|fk=REFERENCES p(x) ON DELETE SET NULL ON UPDATE NO "
		  "ACTION MATCH FULL NOT DEFERRABLE INITIALLY DEFERRED|"
		  "notnull=NOT NULL} {b:|fk=REFERENCES p ON DELETE CASCADE} " },
		{ "CREATE TABLE t (a TEXT CONSTRAINT nn NOT NULL ON CONFLICT "
		  "IGNORE CONSTRAINT c CHECK (a <> ',') UNIQUE ON CONFLICT "
		  "REPLACE COLLATE NOCASE NULL DEFAULT NULL)",
		  "t {a:TEXT|notnull=CONSTRAINT nn NOT NULL ON CONFLICT "
		  "IGNORE|check=CONSTRAINT c CHECK (a <> ',')|unique=UNIQUE "
		  "ON CONFLICT REPLACE|collate=COLLATE NOCASE|null=NULL|"
		  "default=DEFAULT NULL} " },
		{ "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a + 1) "
		  "STORED, c AS (b), generated text)",
		  "t {a:INT} {b:INT|generated=GENERATED ALWAYS AS (a + 1) "
		  "STORED} {c:|generated=AS (b)} {generated:text} " },
		{ "CREATE TABLE t (a, b, CONSTRAINT \"p k\" PRIMARY KEY (a, b)"
		  " ON CONFLICT FAIL, UNIQUE (a) CHECK (a > 0), FOREIGN KEY "
		  "(a, b) REFERENCES p (x, y) DEFERRABLE)",
		  "t {a:} {b:} (p k:pk=CONSTRAINT \"p k\" PRIMARY KEY (a, b) "
		  "ON CONFLICT FAIL) (:unique=UNIQUE (a)) (:check=CHECK (a > "
		  "0)) (:fk=FOREIGN KEY (a, b) REFERENCES p (x, y) "
		  "DEFERRABLE) " },
		{ "CREATE TABLE t ('a' text, \"primary\" int, `b` int)",
		  "t {a:text} {primary:int} {b:int} " },
		{ "CREATE TABLE t (a DEFAULT 'x''y', b DEFAULT CURRENT_DATE, "
		  "c DEFAULT .5, d DEFAULT + 5.)",
		  "t {a:|default=DEFAULT 'x''y'} {b:|default=DEFAULT "
		  "CURRENT_DATE} {c:|default=DEFAULT .5} {d:|default=DEFAULT "
		  "+ 5.} " },
		{ "CREATE TABLE t AS SELECT 1",
		  "unable to read the table definition at 'AS'" },
		{ "CREATE VIEW v AS SELECT 1",
		  "unable to read the table definition at 'VIEW'" },
		{ "CREATE TABLE t (a, )",
		  "unable to read the table definition at ')'" },
		{ "CREATE TABLE t (a INT NOT NULL nonsense)",
		  "unable to read the table definition at 'nonsense'" },
		{ "CREATE TABLE t (a", "unable to read the table definition "
				       "at ''" },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(shown(mem, cases[i][0]), cases[i][1]);
	talloc_free(mem);
}

static void finds_columns_in_any_case(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error err = { 0 };
	struct table_text *t;
	const struct table_column *c;

	(void)state;
	assert_int_equal(table_parse(mem,
				     "CREATE TABLE t (Id INT, \"E-Mail\" TEXT "
				     "DEFAULT 'x' NOT NULL)",
				     &t, &err),
			 0);
	c = table_column(t, "e-mail");
	assert_string_equal(c->text, "\"E-Mail\" TEXT DEFAULT 'x' NOT NULL");
	assert_string_equal(table_rule(c, RULE_NOT_NULL)->text, "NOT NULL");
	assert_null(table_rule(c, RULE_UNIQUE));
	assert_null(table_column(t, "nothing"));
	talloc_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_tables_apart),
		cmocka_unit_test(finds_columns_in_any_case),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
