#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/text.h"
#include "core/thread/markdown.h"
#include "core/thread/marker.h"

#define GAP "\xe2\x80\x8b"

struct pair {
	const char *in, *out;
};

static void hold(char *(*make)(TALLOC_CTX *mem, const char *text),
		 const struct pair *pairs)
{
	for (; pairs->in; pairs++) {
		char *out = make(NULL, pairs->in);

		assert_string_equal(out, pairs->out);
		talloc_free(out);
	}
}

static void code_spans_survive_backticks(void **state)
{
	static const struct pair pairs[] = {
		{ "users", "`users`" },
		{ "", "(empty)" },
		{ "a`b", "``a`b``" },
		{ "`a", "`` `a ``" },
		{ "a``b`", "``` a``b` ```" },
		{ " a ", "`  a  `" },
		{ "a\nb\x1b[31m", "`a\\nb^[[31m`" },
		{ "@all #1", "`@all #1`" },
		{ "<!-- x -->", "`<" GAP "!-- x -->`" },
		{ NULL, NULL },
	};

	(void)state;
	hold(markdown_code, pairs);
}

static void lines_have_no_markdown_left(void **state)
{
	static const struct pair pairs[] = {
		{ "email_verified is lost", "email_verified is lost" },
		{ "  two\n\n lines\t", "two lines" },
		{ "_a_ *b* `c` [d](e) ~f~ g|h \\",
		  "\\_a\\_ \\*b\\* \\`c\\` \\[d\\](e) \\~f\\~ g\\|h \\\\" },
		{ "<b>x</b> &#64;all R&D",
		  "&lt;b&gt;x&lt;/b&gt; &amp;#" GAP "64;all R&amp;D" },
		{ "ask @team about #42, o/r#7, !5 and GH-12",
		  "ask @" GAP "team about #" GAP "42, o/r#" GAP "7, !" GAP
		  "5 and GH-" GAP "12" },
		{ "/close", "\\/close" },
		{ "# no heading", "\\# no heading" },
		{ "- no list", "\\- no list" },
		{ "1. no list", "1\\. no list" },
		{ "see https://wiki.example/a_b#part and mail@x.example",
		  "see https://wiki.example/a_b#part and mail@" GAP
		  "x.example" },
		{ "https://x.example/@user", "https://x.example/%40user" },
		{ "bell\a \xff", "bell^G \\\\xFF" },
		{ NULL, NULL },
	};

	(void)state;
	hold(markdown_line, pairs);
}

static void a_persons_markdown_stays_but_is_harmless(void **state)
{
	static const struct pair pairs[] = {
		{ "\n\n**bold** and `code`\n\n- item\n\n",
		  "**bold** and `code`\n\n- item" },
		{ "/close\n  /assign @me\nx /y",
		  "\\/close\n  \\/assign @" GAP "me\nx /y" },
		{ "a\r/close\r\nb", "a\n\\/close\nb" },
		{ "<!-- git-migrate:v1 version=1 -->",
		  "<" GAP "!-- git-migrate:v1 version=1 -->" },
		{ "<details><https://x.example/> 1 < 2",
		  "<" GAP "details><https://x.example/> 1 < 2" },
		{ "```sql\nSELECT '@a #1';\n/x\n```\n@b",
		  "```sql\nSELECT '@a #1';\n/x\n```\n@" GAP "b" },
		{ "```\n<!-- x -->\nopen",
		  "```\n<" GAP "!-- x -->\nopen\n```" },
		{ "~~~~\n~~~\n~~~~\n#1", "~~~~\n~~~\n~~~~\n#" GAP "1" },
		/* not fences: a backtick behind, an indent that may end */
		{ "```a`\n@x", "```a`\n@" GAP "x" },
		{ "- a\n  ```\n@x", "- a\n  ```\n@" GAP "x" },
		{ "   \n\n", "" },
		{ " \n  ```\n@x", "```\n@x\n```" },
		{ NULL, NULL },
	};

	(void)state;
	hold(markdown_block, pairs);
}

static void items_are_indented(void **state)
{
	static const struct pair pairs[] = {
		{ "one", "- one" },
		{ "a\nb\n\nc", "- a\n  b\n\n  c" },
		{ NULL, NULL },
	};

	(void)state;
	hold(markdown_item, pairs);
}

static void secrets_are_taken_out(void **state)
{
	static const struct pair pairs[] = {
		{ "postgresql://app:hunter2@db/shop",
		  "postgresql://***@db/shop" },
		{ "postgres://u:p/w@db/x?y", "postgres://***@db/x?y" },
		{ "https://token@github.com/o/r",
		  "https://***@github.com/o/r" },
		{ "https://x.example:8443/@user",
		  "https://x.example:8443/@user" },
		{ "https://medium.example/@user",
		  "https://medium.example/@user" },
		{ "CREATE USER x PASSWORD 'it''s' LOGIN",
		  "CREATE USER x PASSWORD *** LOGIN" },
		{ "password E'a\\'b' c", "password *** c" },
		{ "PASSWORD $x$ab$x$;", "PASSWORD ***;" },
		{ "host=db password=secret user=x",
		  "host=db password=*** user=x" },
		{ "PGPASSWORD=x psql", "PGPASSWORD=*** psql" },
		{ "{\"password\": \"x y\", \"a\": 1}",
		  "{\"password\": ***, \"a\": 1}" },
		{ "Authorization: Bearer abc.def", "Authorization: ***" },
		{ "IDENTIFIED BY 'x'", "IDENTIFIED BY ***" },
		{ "the password column, and password_hash = x",
		  "the password column, and password_hash = x" },
		{ "key ghp_0123456789abcdefghij.", "key ***." },
		{ "glpat-0123456789abcdefghij AKIA0123456789ABCDEF",
		  "*** ***" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nabc\n"
		  "-----END RSA PRIVATE KEY-----\nx",
		  "***\nx" },
		{ "nothing here", "nothing here" },
		{ NULL, NULL },
	};

	(void)state;
	hold(markdown_redact, pairs);
}

static char *long_body(const char *line, size_t times, const char *marker)
{
	char *body = talloc_strdup(NULL, "");

	for (size_t i = 0; i < times; i++)
		body = talloc_strdup_append_buffer(body, line);
	return talloc_asprintf_append_buffer(body, "\n%s", marker);
}

static void the_limit_keeps_the_marker(void **state)
{
	const char *marker =
		"<!-- git-migrate:v1 version=1 name=a target=b -->";
	char *body = long_body("ä line of text\n", 1000, marker);
	char *cut = markdown_limit(NULL, body, marker, 5000);

	(void)state;
	assert_true(strlen(cut) <= 5000);
	assert_true(strlen(cut) > 3000);
	assert_true(marker_in(cut, marker));
	assert_non_null(strstr(cut, "ä line of text\n\n*(cut here"));
	assert_int_equal(utf8_check(cut, strlen(cut)), strlen(cut));
	talloc_free(cut);
	cut = markdown_limit(NULL, body, marker, strlen(body));
	assert_string_equal(cut, body);
	talloc_free(cut);
	talloc_free(body);
}

static void the_limit_never_cuts_a_character(void **state)
{
	const char *marker =
		"<!-- git-migrate:v1 version=1 name=a target=b -->";
	char *body = long_body("\xf0\x9f\x90\x98", 3000, marker);

	(void)state;
	for (size_t limit = 2000; limit < 2008; limit++) {
		char *cut = markdown_limit(NULL, body, marker, limit);

		assert_true(strlen(cut) <= limit);
		assert_int_equal(utf8_check(cut, strlen(cut)), strlen(cut));
		assert_true(marker_in(cut, marker));
		talloc_free(cut);
	}
	talloc_free(body);
}

static void the_limit_closes_a_fence(void **state)
{
	const char *marker =
		"<!-- git-migrate:v1 version=1 name=a target=b -->";
	char *code = long_body("  SELECT 1;\n", 1000, marker);
	char *body = talloc_asprintf(code, "- ````sql\n%s", code);
	char *cut;

	(void)state;
	cut = markdown_limit(NULL, body, marker, 4000);
	assert_non_null(strstr(cut, "SELECT 1;\n  ````\n\n*(cut here"));
	talloc_free(cut);
	talloc_free(code);
}

/* --- markers ------------------------------------------------------------- */

static void marker_values_cannot_end_the_comment(void **state)
{
	char *marker = marker_new(NULL, 20260213120000, "a--b->c d-",
				  "postgresql:shop@x");

	(void)state;
	assert_string_equal(marker,
			    "<!-- git-migrate:v1 version=20260213120000 "
			    "name=a%2D%2Db-%3Ec%20d%2D "
			    "target=postgresql:shop%40x -->");
	talloc_free(marker);
	marker = marker_new(NULL, 20260213120000, "add_email-x", "\xc3\xa4");
	assert_string_equal(marker,
			    "<!-- git-migrate:v1 version=20260213120000 "
			    "name=add_email-x target=%C3%A4 -->");
	talloc_free(marker);
}

static void a_marker_is_a_whole_line(void **state)
{
	char *m = marker_new(NULL, 20260213120000, "a", "dev");
	char *text = talloc_asprintf(NULL, "x\n%s \r\ny", m);

	(void)state;
	assert_true(marker_in(text, m));
	assert_true(marker_in(m, m));
	talloc_free(text);
	text = talloc_asprintf(NULL, "> %s\n%s x\n `%s`", m, m, m);
	assert_false(marker_in(text, m));
	talloc_free(text);
	talloc_free(m);
}

static char *comment_of(TALLOC_CTX *mem, const char *text, const char *marker)
{
	return talloc_asprintf(mem, "%s\n\n%s", text, marker);
}

static void a_note_keeps_what_is_not_ours(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *m1 = marker_new(mem, 20260213120000, "a", "dev");
	char *m2 = marker_new(mem, 20260213120001, "b", "dev");
	char *one = comment_of(mem, "one", m1),
	     *two = comment_of(mem, "two", m2);
	char *note, *again, *expected;

	(void)state;
	note = note_put(mem, "By hand.\n", one, m1, "2026-02-13T12:00:00.000Z");
	note = note_put(mem, note, two, m2, NULL);
	expected = talloc_asprintf(
		mem,
		"By hand.\n\n"
		"<!-- git-migrate:v1 written=2026-02-13T12:00:00.000Z -->\n"
		"one\n\n%s\n\n<!-- git-migrate:v1 -->\ntwo\n\n%s\n",
		m1, m2);
	assert_string_equal(note, expected);

	/* the same text keeps its time */
	again = note_put(mem, note, one, m1, "2030-01-01T00:00:00.000Z");
	assert_string_equal(again, expected);

	/* another text goes where the old one was */
	again = note_put(mem, note, comment_of(mem, "new", m1), m1, NULL);
	expected = talloc_asprintf(mem,
				   "By hand.\n\n<!-- git-migrate:v1 -->\n"
				   "new\n\n%s\n\n<!-- git-migrate:v1 -->\n"
				   "two\n\n%s\n",
				   m1, m2);
	assert_string_equal(again, expected);
	talloc_free(mem);
}

static void a_comment_stands_once_in_a_note(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *m = marker_new(mem, 20260213120000, "a", "dev");
	char *body = comment_of(mem, "one", m);
	char *note = note_put(mem, NULL, body, m, NULL);
	char *twice = talloc_asprintf(mem, "%s\n%s", note, note);
	struct note_comment c;

	(void)state;
	twice = note_put(mem, twice, comment_of(mem, "two", m), m, NULL);
	assert_true(note_next(mem, twice, &c));
	assert_string_equal(c.marker, m);
	assert_null(c.written);
	assert_int_equal(strncmp(c.body, "two\n", 4), 0);
	assert_false(note_next(mem, c.end, &c));
	/* a marker that lost its opening line takes nothing else with it */
	note = note_put(mem, body, comment_of(mem, "two", m), m, NULL);
	assert_int_equal(
		strncmp(note, "one\n\n<!-- git-migrate:v1 -->\ntwo", 32), 0);
	talloc_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_spans_survive_backticks),
		cmocka_unit_test(lines_have_no_markdown_left),
		cmocka_unit_test(a_persons_markdown_stays_but_is_harmless),
		cmocka_unit_test(items_are_indented),
		cmocka_unit_test(secrets_are_taken_out),
		cmocka_unit_test(the_limit_keeps_the_marker),
		cmocka_unit_test(the_limit_never_cuts_a_character),
		cmocka_unit_test(the_limit_closes_a_fence),
		cmocka_unit_test(marker_values_cannot_end_the_comment),
		cmocka_unit_test(a_marker_is_a_whole_line),
		cmocka_unit_test(a_note_keeps_what_is_not_ours),
		cmocka_unit_test(a_comment_stands_once_in_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
