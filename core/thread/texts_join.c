#include <string.h>

#include "core/thread/markdown.h"
#include "core/thread/texts_internal.h"

static void add(TALLOC_CTX *mem, struct comment_texts *texts,
		enum text_part part, const char *text)
{
	size_t *count;
	const char ***list = texts_list(texts, part, &count);

	texts_add(mem, list, count, text);
}

/* Each paragraph of a text; a fence is one, whatever is in it. */
static void add_each_paragraph(TALLOC_CTX *mem, struct comment_texts *texts,
			       const char *text)
{
	struct markdown_fence fence = { 0 };
	const char *begin = text, *line = text;

	while (*line) {
		size_t n = strcspn(line, "\n");
		bool fenced = markdown_fence(&fence, line, n);

		if (!fenced && texts_is_line(line, n, "")) {
			add(mem, texts, TEXT_NOTES,
			    talloc_strndup(mem, begin, (size_t)(line - begin)));
			begin = line;
		}
		line += n + (line[n] == '\n');
	}
	add(mem, texts, TEXT_NOTES, begin);
}

static struct comment_texts apart(TALLOC_CTX *mem,
				  const struct comment_texts *texts)
{
	struct comment_texts out = *texts;

	out.notes = NULL;
	out.note_count = 0;
	for (size_t i = 0; i < texts->note_count; i++)
		add_each_paragraph(mem, &out, texts->notes[i]);
	return out;
}

struct comment_texts texts_safe(TALLOC_CTX *mem,
				const struct comment_texts *texts)
{
	struct comment_texts out = { .task = texts->task };

	for (enum text_part p = 0; p < TEXT_PARTS; p++) {
		size_t count;
		const char **items = texts_items(texts, p, &count);

		for (size_t i = 0; i < count; i++)
			add(mem, &out, p, markdown_block(mem, items[i]));
	}
	return out;
}

static bool has(const struct comment_texts *texts, enum text_part part,
		const char *text)
{
	size_t count;
	const char **items = texts_items(texts, part, &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(items[i], text))
			return true;
	return false;
}

/* What was there before stays where the other side has left it, too. */
static void join_part(TALLOC_CTX *mem, enum text_part part,
		      const struct comment_texts *base,
		      const struct comment_texts *from,
		      const struct comment_texts *other,
		      struct comment_texts *joined)
{
	size_t count;
	const char **items = texts_items(from, part, &count);

	for (size_t i = 0; i < count; i++)
		if (!has(base, part, items[i]) || has(other, part, items[i]))
			add(mem, joined, part, items[i]);
}

void texts_join(TALLOC_CTX *mem, const struct comment_texts *base,
		const struct comment_texts *first,
		const struct comment_texts *second,
		struct comment_texts *joined)
{
	struct comment_texts none = { 0 };
	struct comment_texts before = apart(mem, base ? base : &none);
	struct comment_texts one = apart(mem, first);
	struct comment_texts two = apart(mem, second);

	memset(joined, 0, sizeof(*joined));
	joined->task = first->task ? first->task : second->task;
	for (enum text_part p = 0; p < TEXT_PARTS; p++) {
		join_part(mem, p, &before, &one, &two, joined);
		join_part(mem, p, &before, &two, &one, joined);
	}
}
