#include <string.h>

#include "core/base/text.h"
#include "core/sql/script.h"

/* Columns of a line that are shown, and lines of a statement. */
#define WIDTH 76
#define MOST_LINES 4

struct excerpt {
	const struct script *script;
	char *text;
};

/* The line that begins at `offset`, without what ends it. */
static size_t line_length(const struct script *script, size_t offset)
{
	const char *text = script->text + offset;
	size_t length = strcspn(text, "\n");

	while (length && text[length - 1] == '\r')
		length--;
	return length;
}

static size_t next_line(const struct script *script, size_t offset)
{
	const char *end = memchr(script->text + offset, '\n',
				 script->length - offset);

	return end ? (size_t)(end - script->text) + 1 : script->length;
}

/* Where in a line so many characters of it are over. */
static size_t skip_characters(const char *text, size_t length, int count)
{
	size_t at = 0;

	for (; count > 0 && at < length; count--)
		do
			at++;
		while (at < length && ((unsigned char)text[at] & 0xc0) == 0x80);
	return at;
}

/* A tab is as wide as any other character, so that a mark below it fits. */
static char *shown(TALLOC_CTX *mem, const char *text, size_t length)
{
	char *copy = talloc_strndup(mem, text, length);

	for (char *c = copy; *c; c++)
		if (*c == '\t')
			*c = ' ';
	return text_visible(mem, copy, false);
}

/* One line; of a long one the part around the column. */
static void add_line(struct excerpt *e, size_t offset, int number, int column)
{
	const char *text = e->script->text + offset;
	size_t length = line_length(e->script, offset), from = 0, end;
	int first = column > WIDTH ? column - WIDTH / 2 : 0;
	char *part;

	from = skip_characters(text, length, first);
	end = from + skip_characters(text + from, length - from, WIDTH);
	part = shown(e->text, text + from, end - from);
	e->text = talloc_asprintf_append(
		e->text, "%s%5d | %s%s%s", *e->text ? "\n" : "", number,
		first ? "..." : "", part, end < length ? "..." : "");
	if (column)
		e->text = talloc_asprintf_append(
			e->text, "\n      | %*s^",
			column - 1 - first + (first ? 3 : 0), "");
}

void script_excerpt(const struct script *script, size_t n, struct error *err)
{
	struct excerpt e = { .script = script,
			     .text = talloc_strdup(NULL, "") };
	size_t offset = script->statements[n].offset;
	int line, column, left = MOST_LINES;

	text_position(script->text, script->length, offset, &line, &column);
	while (offset && script->text[offset - 1] != '\n')
		offset--;
	for (; line < err->line && offset < script->length; line++) {
		if (left-- > 1)
			add_line(&e, offset, line, 0);
		else if (left == 0)
			e.text = talloc_strdup_append(e.text, "\n  ...");
		offset = next_line(script, offset);
	}
	if (line == err->line)
		add_line(&e, offset, line, err->column);
	talloc_free(err->excerpt);
	err->excerpt = e.text;
}
