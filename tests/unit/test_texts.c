#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/thread/markdown.h"
#include "core/thread/texts.h"

static struct comment_texts some_texts(TALLOC_CTX *mem)
{
	struct comment_texts t = { .task = "a_b*c <#7>" };

	texts_add(mem, &t.notes, &t.note_count,
		  "First *paragraph*.\n\nSecond.");
	texts_add(mem, &t.notes, &t.note_count, "```\n# code\n**Next:**\n```");
	texts_add(mem, &t.patterns, &t.pattern_count, "one\ntwo\n\n- three");
	texts_add(mem, &t.patterns, &t.pattern_count, "```sql\nSELECT 1;\n```");
	texts_add(mem, &t.gotchas, &t.gotcha_count, "ask @dba, see #42");
	texts_add(mem, &t.gotchas, &t.gotcha_count, "<b>/close</b>\n/close");
	return t;
}

static void holds_same(const struct comment_texts *a,
		       const struct comment_texts *b)
{
	if (texts_equal(a, b))
		return;
	fail_msg("%s\n---\n%s", json_dumps(texts_json(a), JSON_INDENT(1)),
		 json_dumps(texts_json(b), JSON_INDENT(1)));
}

static void a_text_is_added_once(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_texts a = { 0 }, b = { 0 };

	(void)state;
	texts_add(mem, &a.next, &a.next_count, "\n \nx \n");
	texts_add(mem, &a.next, &a.next_count, "x");
	texts_add(mem, &a.next, &a.next_count, "  ");
	assert_int_equal(a.next_count, 1);
	assert_string_equal(a.next[0], "x");
	texts_add(mem, &b.next, &b.next_count, "y");
	texts_add(mem, &b.notes, &b.note_count, "n");
	b.task = "t";
	texts_merge(mem, &a, &b);
	assert_int_equal(a.next_count, 2);
	assert_string_equal(a.next[1], "y");
	assert_string_equal(a.task, "t");
	a.note_count = 0;
	a.task = "mine";
	texts_fill(&a, &b);
	assert_int_equal(a.next_count, 2);
	assert_int_equal(a.note_count, 1);
	assert_string_equal(a.task, "mine");
	talloc_free(mem);
}

static void json_brings_them_back(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_texts texts = some_texts(mem), back;
	struct error err = { 0 };
	json_t *json = texts_json(&texts), *list = json_array();

	(void)state;
	assert_int_equal(texts_from_json(mem, json, &back, &err), 0);
	holds_same(&texts, &back);
	assert_int_equal(texts_from_json(mem, list, &back, &err), -1);
	error_release(&err);
	json_decref(json);
	json_decref(list);
	talloc_free(mem);
}

static void the_editor_brings_them_back(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_texts texts = some_texts(mem), back, empty = { 0 };
	char *file = texts_to_edit(mem, &empty, "20260213120000_add_email");

	(void)state;
	assert_string_equal(
		file,
		"# What the next person should know about "
		"20260213120000_add_email.\n"
		"# What was measured is filled in by itself. Markdown; an item "
		"begins with \"- \".\n"
		"# Lines that begin with '#' are dropped, empty parts too.\n"
		"\n"
		"Task: \n"
		"\n"
		"Notes:\n"
		"\n"
		"Patterns discovered:\n"
		"- \n"
		"\n"
		"Gotchas encountered:\n"
		"- \n"
		"\n"
		"For next migrations:\n"
		"- \n");
	texts_from_edit(mem, file, &back);
	holds_same(&empty, &back);
	texts_from_edit(mem, texts_to_edit(mem, &texts, "x"), &back);
	/* notes are one text then */
	assert_int_equal(back.note_count, 1);
	assert_string_equal(back.notes[0], "First *paragraph*.\n\nSecond.\n\n"
					   "```\n# code\n**Next:**\n```");
	back.notes = texts.notes;
	back.note_count = texts.note_count;
	holds_same(&texts, &back);
	talloc_free(mem);
}

static void what_an_editor_may_leave(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_texts t;

	(void)state;
	texts_from_edit(mem,
			"Task:  bd-1 \nPatterns discovered:\nno dash\n- a\n"
			"lazy\n# gone\n-\n- b\nGotchas encountered:   \n",
			&t);
	assert_string_equal(t.task, "bd-1");
	assert_int_equal(t.pattern_count, 3);
	assert_string_equal(t.patterns[0], "no dash");
	assert_string_equal(t.patterns[1], "a\nlazy");
	assert_string_equal(t.patterns[2], "b");
	assert_int_equal(t.gotcha_count, 0);
	texts_from_edit(mem, "", &t);
	assert_null(t.task);
	talloc_free(mem);
}

static char *compose(TALLOC_CTX *mem, const struct comment_texts *texts,
		     const struct script *script)
{
	struct comment_input in = {
		.version = 20260213120000,
		.name = "add_email",
		.target = "dev",
		.engine = "sqlite",
		.server_version = "3.40.1",
		.up_script = script,
		.texts = *texts,
	};
	struct error err = { 0 };
	char *body, *marker;

	assert_int_equal(comment_compose(mem, &in, embed_text(COMMENT_TEMPLATE),
					 COMMENT_TEMPLATE, &body, &marker,
					 &err),
			 0);
	return body;
}

static void a_comment_brings_them_back(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_texts texts = some_texts(mem), back, again;
	struct directive note = { .kind = DIRECTIVE_NOTE,
				  .text = "deploy *first*" };
	struct script script = { .directives = &note, .directive_count = 1 };
	char *body = compose(mem, &texts, &script);

	(void)state;
	texts_from_body(mem, body, &back);
	assert_string_equal(back.task, texts.task);
	assert_int_equal(back.pattern_count, 2);
	assert_int_equal(back.gotcha_count, 2);
	assert_int_equal(back.next_count, 0);
	assert_string_equal(compose(mem, &back, &script), body);
	/* as a tracker may give it back */
	texts_from_body(mem, talloc_asprintf(mem, "%s\r\n", body), &again);
	holds_same(&back, &again);
	texts_from_body(mem, "of another shape\n- x\n", &back);
	assert_null(back.task);
	assert_int_equal(back.note_count + back.pattern_count, 0);
	talloc_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_added_once),
		cmocka_unit_test(json_brings_them_back),
		cmocka_unit_test(the_editor_brings_them_back),
		cmocka_unit_test(what_an_editor_may_leave),
		cmocka_unit_test(a_comment_brings_them_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
