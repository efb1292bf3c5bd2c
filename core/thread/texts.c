#include "core/thread/texts.h"

#include <ctype.h>
#include <string.h>

#include "core/thread/markdown.h"
#include "core/thread/texts_internal.h"

static const struct {
	const char *key;     /* in JSON */
	const char *heading; /* in the editor */
	const char *section; /* in a comment; NULL: before the first one */
} parts[TEXT_PARTS] = {
	[TEXT_NOTES] = { "notes", "Notes:", NULL },
	[TEXT_PATTERNS] = { "patterns", "Patterns discovered:",
			    "**Patterns Discovered:**" },
	[TEXT_GOTCHAS] = { "gotchas",
			   "Gotchas encountered:", "**Gotchas Encountered:**" },
	[TEXT_NEXT] = { "next",
			"For next migrations:", "**For Next Migrations:**" },
};

const char ***texts_list(struct comment_texts *t, enum text_part part,
			 size_t **count)
{
	switch (part) {
	case TEXT_NOTES:
		*count = &t->note_count;
		return &t->notes;
	case TEXT_PATTERNS:
		*count = &t->pattern_count;
		return &t->patterns;
	case TEXT_GOTCHAS:
		*count = &t->gotcha_count;
		return &t->gotchas;
	default:
		*count = &t->next_count;
		return &t->next;
	}
}

const char **texts_items(const struct comment_texts *t, enum text_part part,
			 size_t *count)
{
	struct comment_texts copy = *t;
	size_t *n;
	const char ***list = texts_list(&copy, part, &n);

	*count = *n;
	return *list;
}

/* --- lists --------------------------------------------------------------- */

/* Without blank lines around and spaces at the end. */
static char *trim(TALLOC_CTX *mem, const char *text)
{
	size_t n = strlen(text), skip;

	while ((skip = strspn(text, " \t\r")) < n && text[skip] == '\n') {
		text += skip + 1;
		n -= skip + 1;
	}
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	return talloc_strndup(mem, text, n);
}

void texts_add(TALLOC_CTX *mem, const char ***list, size_t *count,
	       const char *text)
{
	char *trimmed = trim(mem, text);
	const char **longer;
	bool there = !*trimmed;

	for (size_t i = 0; i < *count && !there; i++)
		there = !strcmp((*list)[i], trimmed);
	if (there) {
		talloc_free(trimmed);
		return;
	}
	/* never grown in place: several structs may share a list */
	longer = talloc_array(mem, const char *, (unsigned)*count + 1);
	if (*count)
		memcpy(longer, *list, *count * sizeof(*longer));
	longer[(*count)++] = trimmed;
	*list = longer;
}

void texts_merge(TALLOC_CTX *mem, struct comment_texts *into,
		 const struct comment_texts *from)
{
	if (from->task)
		into->task = from->task;
	for (enum text_part p = 0; p < TEXT_PARTS; p++) {
		size_t *count, n;
		const char ***list = texts_list(into, p, &count);
		const char **items = texts_items(from, p, &n);

		for (size_t i = 0; i < n; i++)
			texts_add(mem, list, count, items[i]);
	}
}

void texts_fill(struct comment_texts *into, const struct comment_texts *from)
{
	if (!into->task)
		into->task = from->task;
	for (enum text_part p = 0; p < TEXT_PARTS; p++) {
		size_t *count, n;
		const char ***list = texts_list(into, p, &count);
		const char **items = texts_items(from, p, &n);

		if (*count)
			continue;
		*list = items;
		*count = n;
	}
}

bool texts_equal(const struct comment_texts *a, const struct comment_texts *b)
{
	if (strcmp(a->task ? a->task : "", b->task ? b->task : "") != 0)
		return false;
	for (enum text_part p = 0; p < TEXT_PARTS; p++) {
		size_t n, m;
		const char **one = texts_items(a, p, &n);
		const char **two = texts_items(b, p, &m);

		if (n != m)
			return false;
		for (size_t i = 0; i < n; i++)
			if (strcmp(one[i], two[i]) != 0)
				return false;
	}
	return true;
}

/* --- JSON ---------------------------------------------------------------- */

json_t *texts_json(const struct comment_texts *texts)
{
	json_t *json = json_object();

	if (texts->task)
		json_object_set_new(json, "task", json_string(texts->task));
	for (enum text_part p = 0; p < TEXT_PARTS; p++) {
		json_t *list = json_array();
		size_t n;
		const char **items = texts_items(texts, p, &n);

		for (size_t i = 0; i < n; i++)
			json_array_append_new(list, json_string(items[i]));
		json_object_set_new(json, parts[p].key, list);
	}
	return json;
}

int texts_from_json(TALLOC_CTX *mem, const json_t *json,
		    struct comment_texts *texts, struct error *err)
{
	const char *task = json_string_value(json_object_get(json, "task"));
	const json_t *item;
	size_t i;

	memset(texts, 0, sizeof(*texts));
	if (!json_is_object(json))
		return error_set(err, ERROR_FAILED,
				 "the comment's texts are no JSON object");
	if (task)
		texts->task = talloc_strdup(mem, task);
	for (enum text_part p = 0; p < TEXT_PARTS; p++) {
		size_t *count;
		const char ***list = texts_list(texts, p, &count);

		json_array_foreach (json_object_get(json, parts[p].key), i,
				    item) {
			if (json_is_string(item))
				texts_add(mem, list, count,
					  json_string_value(item));
		}
	}
	return 0;
}

/* --- lines --------------------------------------------------------------- */

bool texts_is_line(const char *line, size_t n, const char *text)
{
	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	return n == strlen(text) && !memcmp(line, text, n);
}

/* One item of a list, put together line by line. */
struct gathering {
	TALLOC_CTX *mem;
	struct comment_texts *texts;
	enum text_part part; /* TEXT_PARTS: none */
	char *text;	     /* NULL: no item begun */
	struct markdown_fence fence;
};

static void finish_item(struct gathering *g)
{
	size_t *count;
	const char ***list;

	if (g->text && g->part < TEXT_PARTS &&
	    !texts_is_line(g->text, strlen(g->text), NOTHING_NOTED)) {
		list = texts_list(g->texts, g->part, &count);
		texts_add(g->mem, list, count, g->text);
	}
	talloc_free(g->text);
	g->text = NULL;
	g->fence.length = 0;
}

static void add_line(struct gathering *g, const char *line, size_t n)
{
	if (!g->text)
		g->text = talloc_strdup(g->mem, "");
	markdown_fence(&g->fence, line, n);
	g->text = talloc_asprintf_append_buffer(g->text, "%.*s\n", (int)n,
						line);
}

/* A list's line: "- " begins an item, what follows is indented by two. */
static void take_list_line(struct gathering *g, const char *line, size_t n)
{
	if (!g->fence.length && n && *line == '-' &&
	    (n == 1 || line[1] == ' ')) {
		finish_item(g);
		if (n > 2)
			add_line(g, line + 2, n - 2);
		return;
	}
	if (n > 1 && !memcmp(line, "  ", 2)) {
		line += 2;
		n -= 2;
	}
	add_line(g, line, n);
}

static void take_line(struct gathering *g, const char *line, size_t n)
{
	if (g->part == TEXT_NOTES)
		add_line(g, line, n);
	else if (g->part < TEXT_PARTS)
		take_list_line(g, line, n);
}

/* --- the editor ---------------------------------------------------------- */

static char *add_items(char *out, const struct comment_texts *texts,
		       enum text_part p)
{
	size_t n;
	const char **items = texts_items(texts, p, &n);

	for (size_t i = 0; i < n; i++) {
		out = talloc_strdup_append_buffer(
			out, p == TEXT_NOTES ? (i ? "\n" : "") : "- ");
		for (const char *s = items[i]; *s; s++) {
			out = talloc_strndup_append_buffer(out, s, 1);
			if (*s == '\n' && s[1] && s[1] != '\n' &&
			    p != TEXT_NOTES)
				out = talloc_strdup_append_buffer(out, "  ");
		}
		out = talloc_strdup_append_buffer(out, "\n");
	}
	if (!n && p != TEXT_NOTES)
		out = talloc_strdup_append_buffer(out, "- \n");
	return out;
}

char *texts_to_edit(TALLOC_CTX *mem, const struct comment_texts *texts,
		    const char *label)
{
	char *out = talloc_asprintf(
		mem,
		"# What the next person should know about %s.\n"
		"# What was measured is filled in by itself. Markdown; an item "
		"begins with \"- \".\n"
		"# Lines that begin with '#' are dropped, empty parts too.\n"
		"\nTask: %s\n",
		label, texts->task ? texts->task : "");

	for (enum text_part p = 0; p < TEXT_PARTS; p++) {
		out = talloc_asprintf_append_buffer(out, "\n%s\n",
						    parts[p].heading);
		out = add_items(out, texts, p);
	}
	return out;
}

void texts_from_edit(TALLOC_CTX *mem, const char *file,
		     struct comment_texts *texts)
{
	struct gathering g = { .mem = mem, .texts = texts, .part = TEXT_PARTS };

	memset(texts, 0, sizeof(*texts));
	for (const char *line = file; *line;) {
		size_t n = strcspn(line, "\n");
		enum text_part p = g.fence.length ? TEXT_PARTS : 0;

		while (p < TEXT_PARTS &&
		       !texts_is_line(line, n, parts[p].heading))
			p++;
		if (p < TEXT_PARTS) {
			finish_item(&g);
			g.part = p;
		} else if (g.part == TEXT_PARTS && !strncmp(line, "Task:", 5)) {
			char *task = talloc_strndup(mem, line + 5, n - 5);

			task = trim(mem, task + strspn(task, " \t"));
			texts->task = *task ? task : NULL;
		} else if (*line != '#' || g.fence.length) {
			take_line(&g, line, n);
		}
		line += n + (line[n] == '\n');
	}
	finish_item(&g);
}

/* --- a comment ----------------------------------------------------------- */

/* A line as markdown_line() was given it. */
static char *plain(TALLOC_CTX *mem, const char *text, size_t n)
{
	static const struct {
		const char *from, *to;
	} spelled[] = {
		{ "&lt;", "<" },
		{ "&gt;", ">" },
		{ "&amp;", "&" },
		{ "\xe2\x80\x8b", "" },
	};
	char *out = talloc_strdup(mem, "");

	for (size_t i = 0, used; i < n; i += used) {
		const char *to = NULL;

		used = 1;
		for (size_t k = 0; k < 4 && !to; k++) {
			size_t length = strlen(spelled[k].from);

			if (n - i < length ||
			    memcmp(text + i, spelled[k].from, length) != 0)
				continue;
			to = spelled[k].to;
			used = length;
		}
		if (!to && text[i] == '\\' && i + 1 < n &&
		    ispunct((unsigned char)text[i + 1]))
			i++;
		out = to ? talloc_strdup_append_buffer(out, to)
			 : talloc_strndup_append_buffer(out, text + i, 1);
	}
	return out;
}

/* "✅ **Task bd-1**: Title": the task between the words and the colon. */
static char *task_in(TALLOC_CTX *mem, const char *body)
{
	size_t n = strcspn(body, "\n");
	const char *at = memmem(body, n, " **Task ", 8), *end;

	if (!at)
		return NULL;
	at += 8;
	end = memmem(at, n - (size_t)(at - body), "**: ", 4);
	return end ? plain(mem, at, (size_t)(end - at)) : NULL;
}

#define FIRST_SECTION "**Migration Details:**"

/* What begins at a line: a part, TEXT_PARTS for what is no person's, -1:
 * neither. */
static int begins(const char *line, size_t n)
{
	static const char *const others[] = {
		FIRST_SECTION,
		"**Safety Measures Taken:**",
		"**Performance Notes:**",
	};

	for (int p = 0; p < TEXT_PARTS; p++)
		if (parts[p].section &&
		    texts_is_line(line, n, parts[p].section))
			return p;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (texts_is_line(line, n, others[i]))
			return TEXT_PARTS;
	return strncmp(line, "<!-- ", 5) && strncmp(line, "*(cut here", 10)
		       ? -1
		       : TEXT_PARTS;
}

/*
 * Where the notes begin: behind the lines at the top. NULL in a comment that
 * has no first section, where nothing would end them.
 */
static const char *notes_begin(const char *body)
{
	if (!strstr(body, "\n" FIRST_SECTION))
		return NULL;
	body += strcspn(body, "\n");
	while (!strncmp(body, "\n**Commit**: ", 13) ||
	       !strncmp(body, "\n**Outcome**: ", 14))
		body += 1 + strcspn(body + 1, "\n");
	return body;
}

/* The same where we are: a person's paragraph may look like any of them but
   the last. */
static int begins_at(const struct gathering *g, const char *line, size_t n)
{
	if (g->part == TEXT_NOTES &&
	    (g->fence.length || !texts_is_line(line, n, FIRST_SECTION)))
		return -1;
	return begins(line, n);
}

void texts_from_body(TALLOC_CTX *mem, const char *body,
		     struct comment_texts *texts)
{
	struct gathering g = { .mem = mem, .texts = texts, .part = TEXT_PARTS };
	const char *line = notes_begin(body);

	memset(texts, 0, sizeof(*texts));
	texts->task = task_in(mem, body);
	if (line)
		g.part = TEXT_NOTES;
	else
		line = body;
	while (*line) {
		size_t n = strcspn(line, "\n");
		size_t shown = n && line[n - 1] == '\r' ? n - 1 : n;
		int found = begins_at(&g, line, n);

		if (found >= 0) {
			finish_item(&g);
			g.part = (enum text_part)found;
		} else if (g.part < TEXT_PARTS) {
			take_line(&g, line, shown);
		}
		line += n + (line[n] == '\n');
	}
	finish_item(&g);
}

/* --- into a comment ------------------------------------------------------ */

/* The part as templates/comment.md has it between its headings. */
static char *add_part(char *out, const struct comment_texts *texts,
		      enum text_part part)
{
	size_t count;
	const char **items = texts_items(texts, part, &count);
	char *text = part == TEXT_NOTES ? markdown_paragraphs(out, items, count)
					: markdown_items(out, items, count);

	if (part != TEXT_NOTES)
		return talloc_asprintf_append_buffer(out, "%s\n\n", text);
	return *text ? talloc_asprintf_append_buffer(out, "\n%s\n\n", text)
		     : talloc_strdup_append_buffer(out, "\n");
}

char *texts_into_body(TALLOC_CTX *mem, const char *body,
		      const struct comment_texts *texts)
{
	struct gathering g = { .mem = mem, .part = TEXT_NOTES };
	const char *line = notes_begin(body);
	bool seen[TEXT_PARTS] = { [TEXT_NOTES] = true };
	char *out;

	if (!line || *line != '\n')
		return NULL;
	out = talloc_strndup(mem, body, (size_t)(line + 1 - body));
	out = add_part(out, texts, TEXT_NOTES);
	for (line++; *line;
	     line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n = strcspn(line, "\n");
		int found = begins_at(&g, line, n);

		if (found < 0 && g.part < TEXT_PARTS) {
			markdown_fence(&g.fence, line, n);
			continue;
		}
		out = talloc_strndup_append_buffer(out, line,
						   n + (line[n] == '\n'));
		if (found < 0)
			continue;
		g.part = (enum text_part)found;
		g.fence.length = 0;
		if (g.part < TEXT_PARTS && !seen[g.part]) {
			seen[g.part] = true;
			out = add_part(out, texts, g.part);
		}
	}
	for (enum text_part p = 0; p < TEXT_PARTS; p++) {
		size_t count;

		texts_items(texts, p, &count);
		if (count && !seen[p])
			return NULL;
	}
	return out;
}
