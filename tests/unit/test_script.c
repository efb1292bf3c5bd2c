/* The lexer, where statements end, directives, and what is decided by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/sql/script.h"

static char *copy(TALLOC_CTX *mem, const char *text)
{
	return talloc_strdup(mem, text);
}

/* --- the lexer ------------------------------------------------------------ */

/* Tokens as "KIND:text", spaces left out. */
static char *tokens(TALLOC_CTX *mem, const char *text, enum sql_dialect dialect)
{
	static const char letters[] = "E_cwqs;o";
	char *out = talloc_strdup(mem, "");
	size_t length = strlen(text);
	struct sql_token t = { SQL_END, 0, 0 };

	for (;;) {
		t = sql_next(text, length, t.offset + t.length, dialect);
		if (t.kind == SQL_END)
			return out;
		assert_true(t.length > 0);
		if (t.kind != SQL_SPACE)
			out = talloc_asprintf_append(
				out, "%s%c:%.*s", *out ? " | " : "",
				letters[t.kind], (int)t.length,
				text + t.offset);
	}
}

struct lexed {
	enum sql_dialect dialect;
	const char *text, *expected;
};

static void lexes_each_dialect(void **state)
{
	static const struct lexed cases[] = {
		{ SQL_SQLITE, "select a.b1", "w:select | w:a | o:. | w:b1" },
		{ SQL_SQLITE, "'it''s' \"a\"\"b\" [c]]d]",
		  "s:'it''s' | q:\"a\"\"b\" | q:[c] | o:] | w:d | o:]" },
		{ SQL_SQLITE, "`a``b` x'0f' e'x'",
		  "q:`a``b` | s:x'0f' | w:e | s:'x'" },
		{ SQL_SQLITE, "'a\\' 'b'", "s:'a\\' | s:'b'" },
		{ SQL_SQLITE, "/* a /* b */ c", "c:/* a /* b */ | w:c" },
		{ SQL_SQLITE, "a--x\nb", "w:a | c:--x | w:b" },
		{ SQL_SQLITE, "$$a$$", "o:$ | o:$ | w:a$$" },
		{ SQL_SQLITE, "1.5e-3 0x1F .5 1..2",
		  "w:1.5e-3 | w:0x1F | o:. | w:5 | w:1 | o:. | o:. | w:2" },
		{ SQL_SQLITE,
		  "gr\xc3\xb6\xc3\x9f"
		  "e;",
		  "w:gr\xc3\xb6\xc3\x9f"
		  "e | ;:;" },
		{ SQL_SQLITE, "'open", "s:'open" },
		{ SQL_SQLITE, "/* open", "c:/* open" },
		{ SQL_SQLITE, "/*/ x", "c:/*/ x" },
		{ SQL_POSTGRESQL, "/* a /* b */ c */ d",
		  "c:/* a /* b */ c */ | w:d" },
		{ SQL_POSTGRESQL, "$$a;'b$$ c", "s:$$a;'b$$ | w:c" },
		{ SQL_POSTGRESQL, "$a$ $b$ $$ $a$;", "s:$a$ $b$ $$ $a$ | ;:;" },
		{ SQL_POSTGRESQL, "$1+$2", "o:$ | w:1 | o:+ | o:$ | w:2" },
		{ SQL_POSTGRESQL, "foo$bar$baz", "w:foo$bar$baz" },
		{ SQL_POSTGRESQL, "E'a\\'b' 'c\\'", "s:E'a\\'b' | s:'c\\'" },
		{ SQL_POSTGRESQL, "E'a'\n 'b\\'c' d",
		  "s:E'a'\n 'b\\'c' | w:d" },
		{ SQL_POSTGRESQL, "U&\"d\\0061\" U&'x' u & v",
		  "q:U&\"d\\0061\" | s:U&'x' | w:u | o:& | w:v" },
		{ SQL_POSTGRESQL, "a[1] `", "w:a | o:[ | w:1 | o:] | o:`" },
		{ SQL_POSTGRESQL, "--a\rb", "c:--a | w:b" },
		{ SQL_MYSQL, "'a\\'b' \"c\\\"d\" `e`",
		  "s:'a\\'b' | s:\"c\\\"d\" | q:`e`" },
		{ SQL_MYSQL, "a--1 # c\n-- d",
		  "w:a | o:- | o:- | w:1 | c:# c | c:-- d" },
		{ SQL_MYSQL, "/*!40101 SET x */ /* y */",
		  "o:/*!40101 SET x */ | c:/* y */" },
		{ SQL_MYSQL, "'a\\", "s:'a\\" },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(
			tokens(mem, cases[i].text, cases[i].dialect),
			cases[i].expected);
	talloc_free(mem);
}

/* --- where statements end ------------------------------------------------- */

static char *statements(TALLOC_CTX *mem, const char *text,
			enum sql_dialect dialect)
{
	char *out = talloc_strdup(mem, "");
	struct sql_extent e = { 0 };

	while (sql_next_statement(text, strlen(text), e.next, dialect, &e))
		out = talloc_asprintf_append(out, "<%.*s>", (int)e.length,
					     text + e.offset);
	return out;
}

static void splits_at_semicolons_of_the_top_level(void **state)
{
	static const struct lexed cases[] = {
		{ SQL_SQLITE, "", "" },
		{ SQL_SQLITE, " ; ;-- x\n;", "" },
		{ SQL_SQLITE, "a;b", "<a><b>" },
		{ SQL_SQLITE, "a -- x\n;/* y */ b ;", "<a><b>" },
		{ SQL_SQLITE, "a(;);b", "<a(><)><b>" },
		{ SQL_SQLITE,
		  "create temp trigger t after insert on a begin "
		  "update a set x = case when 1 then 2 end; select 1; end; b",
		  "<create temp trigger t after insert on a begin update a "
		  "set x = case when 1 then 2 end; select 1; end><b>" },
		{ SQL_SQLITE,
		  "explain query plan create trigger t begin x; end ; b",
		  "<explain query plan create trigger t begin x; end><b>" },
		{ SQL_SQLITE, "create trigger t begin x; \"end\"; b",
		  "<create trigger t begin x; \"end\"; b>" },
		{ SQL_SQLITE, "create table trigger(a); end; b",
		  "<create table trigger(a)><end><b>" },
		{ SQL_POSTGRESQL, "create rule r do (a; b); c",
		  "<create rule r do (a; b)><c>" },
		{ SQL_POSTGRESQL,
		  "create or replace function f() returns int begin atomic "
		  "select case when 1 then 2 end; select 2; end; b",
		  "<create or replace function f() returns int begin atomic "
		  "select case when 1 then 2 end; select 2; end><b>" },
		{ SQL_POSTGRESQL, "create function f() as $$ begin; end; $$; b",
		  "<create function f() as $$ begin; end; $$><b>" },
		{ SQL_POSTGRESQL, "begin; create trigger t; end; b",
		  "<begin><create trigger t><end><b>" },
		{ SQL_MYSQL, "a;b -- \n;", "<a><b>" },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(
			statements(mem, cases[i].text, cases[i].dialect),
			cases[i].expected);
	talloc_free(mem);
}

/* --- kinds ---------------------------------------------------------------- */

static void names_the_kind_of_a_statement(void **state)
{
	static const char *const cases[][2] = {
		{ "create table if not exists t (a)", "CREATE TABLE" },
		{ "CREATE TEMP TABLE t AS SELECT 1", "CREATE TABLE AS" },
		{ "create table t (a int generated always as (b))",
		  "CREATE TABLE" },
		{ "Create Unique Index Concurrently i on t(a)",
		  "CREATE INDEX" },
		{ "create or replace function f()", "CREATE FUNCTION" },
		{ "create materialized view v as select 1",
		  "CREATE MATERIALIZED VIEW" },
		{ "create virtual table t using fts5(a)",
		  "CREATE VIRTUAL TABLE" },
		{ "create text search configuration c",
		  "CREATE TEXT SEARCH CONFIGURATION" },
		{ "create user u", "CREATE USER" },
		{ "create default conversion c", "CREATE CONVERSION" },
		{ "alter table only t add a int", "ALTER TABLE" },
		{ "alter default privileges grant",
		  "ALTER DEFAULT PRIVILEGES" },
		{ "drop index i", "DROP INDEX" },
		{ "/* c */ insert into t values (1)", "INSERT" },
		{ "with a as (delete from b), c as (select 1) insert into t",
		  "INSERT" },
		{ "with recursive a as (select 1) select * from a", "SELECT" },
		{ "((select 1) union select 2)", "SELECT" },
		{ "values (1)", "VALUES" },
		{ "replace into t values (1)", "REPLACE" },
		{ "explain query plan select 1", "EXPLAIN" },
		{ "pragma foreign_keys = on", "PRAGMA" },
		{ "end transaction", "COMMIT" },
		{ "start transaction", "START TRANSACTION" },
		{ "truncate t", "TRUNCATE TABLE" },
		{ "refresh materialized view v", "REFRESH MATERIALIZED VIEW" },
		{ "do $$ begin end $$", "DO" },
		{ "\\copy x", "SQL" },
		{ "create aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "CREATE AAAAAAAAAAAAAAAAAAAAAAAA" },
		{ "create", "CREATE" },
		{ "with", "WITH" },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(sql_kind(mem, cases[i][0],
					     strlen(cases[i][0]),
					     SQL_POSTGRESQL),
				    cases[i][1]);
	talloc_free(mem);
}

static void recognises_transaction_control(void **state)
{
	/* c: control, b: begins, e: commits */
	static const struct lexed cases[] = {
		{ SQL_SQLITE, "begin", "cb" },
		{ SQL_SQLITE, "BEGIN IMMEDIATE TRANSACTION", "cb" },
		{ SQL_SQLITE, "end transaction", "ce" },
		{ SQL_SQLITE, "commit", "ce" },
		{ SQL_SQLITE, "rollback to a", "c" },
		{ SQL_SQLITE, "savepoint a", "c" },
		{ SQL_SQLITE, "release a", "c" },
		{ SQL_POSTGRESQL, "start transaction", "cb" },
		{ SQL_POSTGRESQL, "begin work", "cb" },
		{ SQL_POSTGRESQL, "begin isolation level serializable", "c" },
		{ SQL_POSTGRESQL, "commit and chain", "c" },
		{ SQL_POSTGRESQL, "commit work", "ce" },
		{ SQL_POSTGRESQL, "prepare transaction 'x'", "c" },
		{ SQL_POSTGRESQL, "prepare p as select 1", "" },
		{ SQL_POSTGRESQL, "abort", "c" },
		{ SQL_MYSQL, "start replica", "" },
		{ SQL_SQLITE, "select begin", "" },
		{ SQL_SQLITE, "\"begin\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct statement s = { .length = strlen(cases[i].text) };
		char got[4] = "";

		sql_control(&s, cases[i].text, cases[i].dialect);
		if (s.control)
			strcat(got, "c");
		if (s.begins)
			strcat(got, "b");
		if (s.commits)
			strcat(got, "e");
		assert_string_equal(got, cases[i].expected);
	}
}

/* --- parsing a script ----------------------------------------------------- */

static int parse(TALLOC_CTX *mem, const char *text, enum sql_dialect dialect,
		 struct script **script, struct error *err)
{
	return script_parse(mem, "m/1.up.sql", copy(mem, text), strlen(text),
			    dialect, script, err);
}

static void reads_directives(void **state)
{
	static const char text[] =
		"-- migrate: no-transaction\r\n"
		"  --migrate:hold \"deploy \"\"readers\"\" first\"  \r\n"
		"/* -- migrate: nonsense */\r\n"
		"-- migrate:\tallow drop-column \"unused since v3.2\"\n"
		"-- about -- migrate: this\n"
		"CREATE TABLE t (a TEXT DEFAULT '\n-- migrate: nonsense\n');\n"
		"-- migrate: note \"second\"\n"
		"-- migrate: idempotent\n"
		"SELECT 1;\n";
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error err = { 0 };
	struct script *s;

	(void)state;
	assert_int_equal(parse(mem, text, SQL_SQLITE, &s, &err), 0);
	assert_int_equal(s->directive_count, 5);
	assert_true(s->has_statements);
	assert_int_equal(s->directives[0].kind, DIRECTIVE_NO_TRANSACTION);
	assert_int_equal(s->directives[1].kind, DIRECTIVE_HOLD);
	assert_string_equal(s->directives[1].text, "deploy \"readers\" first");
	assert_int_equal(s->directives[1].line, 2);
	assert_string_equal(s->directives[2].word, "drop-column");
	assert_string_equal(s->directives[2].text, "unused since v3.2");
	assert_int_equal(s->directives[3].line, 9);
	assert_ptr_equal(script_directive(s, DIRECTIVE_NOTE),
			 &s->directives[3]);
	assert_null(script_directive(s, DIRECTIVE_EDIT));
	talloc_free(mem);
}

static void finds_no_directive_in_dollar_quotes(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error err = { 0 };
	struct script *s;

	(void)state;
	assert_int_equal(parse(mem,
			       "DO $x$ begin\n-- migrate: nonsense\nend $x$;"
			       "/* /* */\n-- migrate: nonsense\n*/",
			       SQL_POSTGRESQL, &s, &err),
			 0);
	assert_int_equal(s->directive_count, 0);
	talloc_free(mem);
}

struct refused {
	enum sql_dialect dialect;
	const char *text;
	int line, column;
	const char *message;
};

#define KNOWN_HINT                                                             \
	"the directives are no-transaction, hold, allow, data-loss, "          \
	"irreversible, empty, idempotent, note, edit, verify, batch"

static void refuses_what_it_cannot_read(void **state)
{
	static const struct refused cases[] = {
		{ SQL_SQLITE, "-- migrate: foo", 1, 1,
		  "unknown directive 'foo'" },
		{ SQL_SQLITE, "\n -- migrate: Hold \"x\"", 2, 2,
		  "unknown directive 'Hold'" },
		{ SQL_SQLITE, "-- migrate:up", 1, 1, "unknown directive 'up'" },
		{ SQL_SQLITE,
		  "-- migrate: a\x1b"
		  "b",
		  1, 1, "unknown directive 'a^[b'" },
		{ SQL_SQLITE, "-- Migrate:", 1, 1,
		  "the directive lacks its word" },
		{ SQL_SQLITE, "select 1;\n-- migrate: verify\ninsert into a", 2,
		  1, "directive 'verify' stands before INSERT" },
		{ SQL_SQLITE, "-- migrate: batch rows=1\nselect 1;", 1, 1,
		  "directive 'batch' stands before SELECT" },
		{ SQL_SQLITE, "-- migrate: batch rows=10000001", 1, 1,
		  "directive 'batch' needs rows from 1 to 10000000, not "
		  "'10000001'" },
		{ SQL_SQLITE, "-- migrate: batch rows=1k", 1, 1,
		  "directive 'batch' needs rows from 1 to 10000000, not '1k'" },
		{ SQL_SQLITE, "-- migrate: batch rows=", 1, 1,
		  "directive 'batch' needs rows from 1 to 10000000, not ''" },
		{ SQL_SQLITE, "-- migrate: batch pause=-1s", 1, 1,
		  "directive 'batch' needs a pause such as 100ms, not '-1s'" },
		{ SQL_SQLITE, "-- migrate: batch pause=nan", 1, 1,
		  "directive 'batch' needs a pause such as 100ms, not 'nan'" },
		{ SQL_SQLITE, "-- migrate: batch key= rows=1", 1, 1,
		  "directive 'batch' needs the name of a column, not ''" },
		{ SQL_SQLITE, "-- migrate: batch size=1", 1, 1,
		  "directive 'batch' needs rows=, pause= or key=, not "
		  "'size=1'" },
		{ SQL_SQLITE, "-- migrate: batch rows=1 rows=2", 1, 1,
		  "directive 'batch' says something twice" },
		{ SQL_SQLITE,
		  "begin;\ncommit;start transaction;\n-- migrate: batch\n"
		  "delete from a;",
		  3, 1,
		  "directive 'batch' stands inside a transaction of the "
		  "script's own" },
		{ SQL_POSTGRESQL,
		  "begin;\nrollback to a;\n-- migrate: batch\ndelete from a;",
		  3, 1,
		  "directive 'batch' stands inside a transaction of the "
		  "script's own" },
		{ SQL_SQLITE,
		  "select 1;\n-- migrate: batch\n\ndelete from a limit 1;", 4,
		  15, "the statement cannot be run in batches: it has LIMIT" },
		{ SQL_SQLITE, "-- migrate: empty \"x\"\n-- migrate: batch", 2,
		  1, "directive 'batch' stands after the last statement" },
		{ SQL_SQLITE, "-- migrate: hold", 1, 1,
		  "directive 'hold' needs a text in double quotes" },
		{ SQL_SQLITE, "-- migrate: hold deploy", 1, 1,
		  "directive 'hold' needs a text in double quotes" },
		{ SQL_SQLITE, "-- migrate: hold \"deploy", 1, 1,
		  "directive 'hold' has a text that is not closed" },
		{ SQL_SQLITE, "-- migrate: note \" \"", 1, 1,
		  "directive 'note' has an empty text" },
		{ SQL_SQLITE, "-- migrate: note \"a\" b", 1, 1,
		  "directive 'note' has something after its end" },
		{ SQL_SQLITE, "-- migrate: idempotent yes", 1, 1,
		  "directive 'idempotent' has something after its end" },
		{ SQL_SQLITE, "-- migrate: allow \"x\"", 1, 1,
		  "directive 'allow' needs the name of a rule" },
		{ SQL_SQLITE, "select\n  -- migrate: note \"x\"\n1;", 2, 3,
		  "the directive stands inside a statement" },
		{ SQL_SQLITE,
		  "create trigger t begin\nselect 1;\n-- migrate: note \"x\"\n"
		  "select 2; end;",
		  3, 1, "the directive stands inside a statement" },
		{ SQL_SQLITE, "select 1; -- migrate: note \"x\"\nselect 2;", 1,
		  11, "the directive does not begin its line" },
		{ SQL_SQLITE, "select 1;\n-- migrate: note \"x\"\n;\n", 2, 1,
		  "directive 'note' stands after the last statement" },
		{ SQL_SQLITE, "select 1; /* x", 1, 11,
		  "the comment is not closed" },
		{ SQL_SQLITE, "-- ok\n\xc3\xa4 \xff", 2, 3,
		  "the script is not valid UTF-8" },
		{ SQL_SQLITE, "\xff\xfe", 1, 1,
		  "the script is not valid UTF-8" },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = { 0 };
		struct script *s = NULL;

		assert_int_equal(
			parse(mem, cases[i].text, cases[i].dialect, &s, &err),
			-1);
		assert_null(s);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.file, "m/1.up.sql");
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(err.column, cases[i].column);
		assert_int_equal(err.code, ERROR_FAILED);
		if (i == 0)
			assert_string_equal(err.hint, KNOWN_HINT);
		error_release(&err);
	}
	talloc_free(mem);
}

/* --- batch ---------------------------------------------------------------- */

struct wished {
	const char *text;
	int64_t rows;
	int pause_ms;
	const char *key;
};

static void reads_what_batches_are_wished(void **state)
{
	static const struct wished cases[] = {
		{ "-- migrate: batch\ndelete from a;", 10000, 100, NULL },
		{ "-- migrate: batch rows=1 pause=0 key=id\ndelete from a;", 1,
		  0, "id" },
		{ "-- migrate: batch key=\"a \"\"b\"  pause=2m "
		  "rows=10000000\ndelete from a;",
		  10000000, 120000, "\"a \"\"b\"" },
		{ "begin; commit; begin; end; begin; rollback work;"
		  "begin; commit and no chain;\n"
		  "-- migrate: batch pause=1.5s\nupdate a set b = 1",
		  10000, 1500, NULL },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct directive *d;
		struct error err = { 0 };
		struct script *s;

		assert_int_equal(
			parse(mem, cases[i].text, SQL_SQLITE, &s, &err), 0);
		d = script_directive(s, DIRECTIVE_BATCH);
		assert_int_equal(d->batch.rows, cases[i].rows);
		assert_int_equal(d->batch.pause_ms, cases[i].pause_ms);
		if (cases[i].key)
			assert_string_equal(d->batch.key, cases[i].key);
		else
			assert_null(d->batch.key);
	}
	talloc_free(mem);
}

static void refuses_nul_bytes(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *text = talloc_memdup(mem, "a\nb\0c", 5);
	struct error err = { 0 };
	struct script *s;

	(void)state;
	assert_int_equal(
		script_parse(mem, "x.sql", text, 5, SQL_SQLITE, &s, &err), -1);
	assert_string_equal(err.message, "the script has a NUL byte");
	assert_string_equal(err.hint, "save it as UTF-8 text");
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 2);
	error_release(&err);
	talloc_free(mem);
}

static void takes_text_over_and_drops_the_mark(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL), *other = talloc_new(NULL);
	char *mine = talloc_memdup(mem, "\xef\xbb\xbfselect 1", 11);
	char *theirs = talloc_memdup(other, "select 2", 8);
	struct error err = { 0 };
	struct script *s;

	(void)state;
	assert_int_equal(
		script_parse(mem, "x.sql", mine, 11, SQL_SQLITE, &s, &err), 0);
	assert_string_equal(s->text, "select 1");
	assert_int_equal(s->length, 8);
	assert_ptr_equal(talloc_parent(s->text), s);
	assert_int_equal(
		script_parse(mem, "x.sql", theirs, 8, SQL_SQLITE, &s, &err), 0);
	assert_ptr_not_equal(s->text, theirs);
	assert_string_equal(s->text, "select 2");
	talloc_free(mem);
	assert_ptr_equal(talloc_parent(theirs), other);
	talloc_free(other);
}

/* --- what may run --------------------------------------------------------- */

struct runnable {
	const char *text;
	bool down;
	const char *message; /* NULL: it may */
};

static void decides_what_may_run(void **state)
{
	static const struct runnable cases[] = {
		{ "select 1", false, NULL },
		{ "", false, "the script has no statement" },
		{ "-- nothing\n;;", true, "the script has no statement" },
		{ "BEGIN;\nCOMMIT;", false, "the script has no statement" },
		{ "-- migrate: empty \"kept\"\n", false, NULL },
		{ "-- migrate: empty \"kept\"\nBEGIN; END;", true, NULL },
		{ "-- migrate: irreversible \"gone\"\n", true, NULL },
		{ "-- migrate: irreversible \"gone\"\nselect 1;", true, NULL },
		{ "-- migrate: irreversible \"gone\"\nselect 1;", false,
		  "directive 'irreversible' is for down scripts only: gone" },
		{ "-- migrate: empty \"kept\"\nselect 1;", false,
		  "directive 'empty' stands in a script that has statements: "
		  "kept" },
		{ "-- migrate: edit \"choose\x1b a value\"\nselect 1;", false,
		  "directive 'edit' is still there: choose^[ a value" },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = { 0 };
		struct script *s;
		int result;

		assert_int_equal(
			parse(mem, cases[i].text, SQL_SQLITE, &s, &err), 0);
		result = script_check_runnable(s, cases[i].down, &err);
		if (!cases[i].message) {
			assert_int_equal(result, 0);
			continue;
		}
		assert_int_equal(result, -1);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.file, "m/1.up.sql");
		assert_int_equal(err.line, 1);
		assert_non_null(err.hint);
		error_release(&err);
	}
	talloc_free(mem);
}

/* --- settling ------------------------------------------------------------- */

/* The script's statements as an engine's split leaves them. */
static struct script *settled(TALLOC_CTX *mem, const char *text)
{
	struct error err = { 0 };
	struct sql_extent e = { 0 };
	struct script *s;

	assert_int_equal(parse(mem, text, SQL_SQLITE, &s, &err), 0);
	while (sql_next_statement(s->text, s->length, e.next, s->dialect, &e)) {
		struct statement *t;

		s->statements =
			talloc_realloc(s, s->statements, struct statement,
				       (unsigned)s->statement_count + 1);
		t = &s->statements[s->statement_count++];
		*t = (struct statement){ .offset = e.offset,
					 .length = e.length };
		sql_control(t, s->text + e.offset, s->dialect);
		t->kind = sql_kind(s, s->text + e.offset, e.length, s->dialect);
		t->no_transaction = !strcmp(t->kind, "VACUUM");
	}
	script_settle(s);
	return s;
}

static void takes_a_plain_wrapper_off(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct script *s = settled(mem, "begin; a; b; commit;");

	(void)state;
	assert_true(s->wrapped);
	assert_false(s->no_transaction);
	assert_int_equal(s->statement_count, 2);
	assert_string_equal(s->statements[0].kind, "A");
	s = settled(mem, "BEGIN TRANSACTION; END");
	assert_true(s->wrapped);
	assert_int_equal(s->statement_count, 0);
	talloc_free(mem);
}

static void leaves_other_control_to_run_outside(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} cases[] = {
		{ "begin; a; commit; b", 4 },
		{ "a; begin; b; commit", 4 },
		{ "begin; a; savepoint x; b; release x; commit", 6 },
		{ "begin; a; rollback", 3 },
		{ "begin; vacuum; commit", 3 },
		{ "a; commit; begin; b", 4 },
		{ "vacuum", 1 },
		{ "-- migrate: no-transaction\na", 1 },
		{ "-- migrate: no-transaction\nbegin; a; commit", 3 },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct script *s = settled(mem, cases[i].text);

		assert_true(s->no_transaction);
		assert_false(s->wrapped);
		assert_int_equal(s->statement_count, cases[i].count);
	}
	assert_false(settled(mem, "a; b")->no_transaction);
	talloc_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lexes_each_dialect),
		cmocka_unit_test(splits_at_semicolons_of_the_top_level),
		cmocka_unit_test(names_the_kind_of_a_statement),
		cmocka_unit_test(recognises_transaction_control),
		cmocka_unit_test(reads_directives),
		cmocka_unit_test(finds_no_directive_in_dollar_quotes),
		cmocka_unit_test(refuses_what_it_cannot_read),
		cmocka_unit_test(reads_what_batches_are_wished),
		cmocka_unit_test(refuses_nul_bytes),
		cmocka_unit_test(takes_text_over_and_drops_the_mark),
		cmocka_unit_test(decides_what_may_run),
		cmocka_unit_test(takes_a_plain_wrapper_off),
		cmocka_unit_test(leaves_other_control_to_run_outside),
	};

	return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
