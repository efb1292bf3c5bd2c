#include "cmd/writeup.h"

#include <stdio.h>

#include "core/thread/texts.h"

static const char *const usage[] = {
	"git migrate comment [VERSION]... [--task ID] [-m TEXT]...\n"
	"                    [--pattern TEXT]... [--gotcha TEXT]... "
	"[--next TEXT]...\n"
	"                    [--edit] [--json]",
	NULL,
};

struct comment {
	struct writeup w;
	const char *task;
	struct text_list notes, patterns, gotchas, next;
	bool edit;
};

static struct comment_texts given(const struct comment *c)
{
	return (struct comment_texts){
		.task = c->task,
		.notes = c->notes.list,
		.note_count = c->notes.count,
		.patterns = c->patterns.list,
		.pattern_count = c->patterns.count,
		.gotchas = c->gotchas.list,
		.gotcha_count = c->gotchas.count,
		.next = c->next.list,
		.next_count = c->next.count,
	};
}

/* What the person adds now is kept for the post. */
static int add_texts(struct comment *c, struct written *one)
{
	struct comment_texts *texts = &one->input.texts;
	struct comment_texts before = *texts, more = given(c), found;
	TALLOC_CTX *mem = c->w.cmd.mem;
	char *noted;

	texts_merge(mem, texts, &more);
	if (c->edit) {
		if (writeup_noted(&c->w, one, &noted) < 0)
			return -1;
		if (noted) {
			texts_from_body(mem, noted, &found);
			texts_fill(texts, &found);
		}
		if (writeup_edit(&c->w, one) < 0)
			return -1;
	}
	return texts_equal(&before, texts) ? 0 : writeup_keep(&c->w, one);
}

static int compose(struct comment *c, int argc, char **argv, json_t *list)
{
	int64_t *versions;
	size_t count;

	cmd_catch_signals();
	if (writeup_open(&c->w) < 0 ||
	    writeup_choose(&c->w, argc, argv, &versions, &count) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct written one;
		char *body;

		if (writeup_gather(&c->w, versions[i], &one) < 0 ||
		    add_texts(c, &one) < 0 ||
		    writeup_compose(&c->w, &one, &body) < 0)
			return -1;
		if (c->w.cmd.json)
			json_array_append_new(list,
					      comment_json(versions[i],
							   one.input.target,
							   one.marker, body));
		else
			printf("%s%s\n", i ? "\n" : "", body);
	}
	return 0;
}

int cmd_comment(int argc, char **argv)
{
	struct comment c = { .w.cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_TEXT, 0, "task", "ID",
		  "the task that the migration belongs to", &c.task },
		{ OPTION_TEXTS, 'm', "message", "TEXT",
		  "a paragraph, in Markdown", &c.notes },
		{ OPTION_TEXTS, 0, "pattern", "TEXT",
		  "a pattern that was discovered", &c.patterns },
		{ OPTION_TEXTS, 0, "gotcha", "TEXT", "a surprise that was met",
		  &c.gotchas },
		{ OPTION_TEXTS, 0, "next", "TEXT",
		  "advice for the next migrations", &c.next },
		{ OPTION_FLAG, 'e', "edit", NULL, "write these in git's editor",
		  &c.edit },
		CMD_TARGET(c.w.cmd),
		CMD_JSON(c.w.cmd),
		CMD_COMMON(c.w.cmd),
		CMD_END,
	};
	json_t *list;
	int status;

	if (options_parse(c.w.cmd.mem, options, usage, &argc, argv, &status) <
	    0)
		return cmd_done(&c.w.cmd, status);
	list = json_array();
	if (compose(&c, argc, argv, list) < 0) {
		json_decref(list);
		return cmd_fail(&c.w.cmd);
	}
	if (c.w.cmd.json)
		cmd_print_json(json_pack("{s:o}", "comments", list));
	else
		json_decref(list);
	return cmd_done(&c.w.cmd, 0);
}
