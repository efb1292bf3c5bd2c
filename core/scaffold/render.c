#include "core/scaffold/render.h"

#include <string.h>

#include "core/base/text.h"
#include "core/scaffold/name.h"

struct buffer {
	char *text; /* not NUL-terminated */
	size_t length, room;
};

/* The item of a list that a section is at. */
struct frame {
	const struct frame *outer;
	const struct value *value;
	size_t index;
};

struct rendering {
	TALLOC_CTX *mem;
	const char *path, *text;
	const struct values *values;
	const struct render_block *block;
	struct error *err;
	struct buffer out;
	size_t line;	   /* where the line that is being written begins */
	bool tags;	   /* tags were on it */
	bool block_failed; /* the last one had no answer */
};

struct tag {
	char kind;	   /* '#', '?', '^', '/' or ' ' */
	char filter[8];	   /* "raw", "text", "word" or "" */
	char name[48];	   /* before the dot */
	char field[32];	   /* after it, or "" */
	const char *begin; /* where its braces open */
	const char *next;  /* past them */
};

static void put(struct buffer *b, const char *text, size_t length,
		TALLOC_CTX *mem)
{
	if (!length)
		return;
	if (b->length + length > b->room) {
		b->room = 2 * (b->length + length) + 256;
		b->text = talloc_realloc(mem, b->text, char, (unsigned)b->room);
	}
	memcpy(b->text + b->length, text, length);
	b->length += length;
}

static int fail(struct rendering *r, const char *at, const char *what,
		const char *name)
{
	int line, column;
	char *shown = text_visible(NULL, name, false);

	text_position(r->text, strlen(r->text), (size_t)(at - r->text), &line,
		      &column);
	error_set(r->err, ERROR_FAILED, "%s '%s' in the template", what, shown);
	talloc_free(shown);
	error_at(r->err, r->path, line, column);
	return -1;
}

static bool copy_word(char *out, size_t room, const char *from, size_t length)
{
	if (!length || length >= room)
		return false;
	memcpy(out, from, length);
	out[length] = '\0';
	return true;
}

/* The tag at `at`, which begins with two braces. */
static int read_tag(struct rendering *r, const char *at, struct tag *tag)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "0123456789_-";
	const char *c = at + 2;
	size_t n;

	memset(tag, 0, sizeof(*tag));
	tag->begin = at;
	tag->kind = ' ';
	if (*c && strchr("#?^/", *c))
		tag->kind = *c++;
	n = strspn(c, letters);
	if (c[n] == ':') {
		if (!copy_word(tag->filter, sizeof(tag->filter), c, n))
			return fail(r, at, "malformed tag", "{{");
		c += n + 1;
		n = strspn(c, letters);
	}
	if (!copy_word(tag->name, sizeof(tag->name), c, n))
		return fail(r, at, "malformed tag", "{{");
	c += n;
	if (*c == '.') {
		n = strspn(++c, letters);
		if (!copy_word(tag->field, sizeof(tag->field), c, n))
			return fail(r, at, "malformed tag", tag->name);
		c += n;
	}
	if (strncmp(c, "}}", 2) != 0)
		return fail(r, at, "malformed tag", tag->name);
	tag->next = c + 2;
	return 0;
}

static bool same_subject(const struct tag *a, const struct tag *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->field, b->field);
}

/* Finds the end of the section that `open` begins. */
static int find_close(struct rendering *r, const struct tag *open,
		      struct tag *close)
{
	const char *at = open->next;
	int depth = 1;

	while ((at = strstr(at, "{{")) != NULL) {
		if (read_tag(r, at, close) < 0)
			return -1;
		at = close->next;
		if (close->kind == ' ' || !same_subject(open, close))
			continue;
		depth += close->kind == '/' ? -1 : 1;
		if (!depth)
			return 0;
	}
	return fail(r, open->begin, "a section without end", open->name);
}

/* The item a name stands for here, or NULL. */
static const struct value_item *find_item(const struct rendering *r,
					  const struct frame *frame,
					  const char *name)
{
	const struct value *value;

	for (; frame; frame = frame->outer)
		if (!strcmp(frame->value->name, name))
			return &frame->value->items[frame->index];
	value = values_find(r->values, name);
	return value && value->count ? &value->items[0] : NULL;
}

/* Whether it is the last of its list; outside of a section it is not known. */
static bool is_last(const struct frame *frame, const char *name)
{
	for (; frame; frame = frame->outer)
		if (!strcmp(frame->value->name, name))
			return frame->index + 1 == frame->value->count;
	return false;
}

static bool find_text(const struct rendering *r, const struct frame *frame,
		      const struct tag *tag, struct value_text *text)
{
	const struct value_item *item = find_item(r, frame, tag->name);
	const struct value_text *field;

	if (!item)
		return false;
	*text = (struct value_text){ "", item->sql, item->plain };
	if (!*tag->field)
		return true;
	field = value_field(item, tag->field);
	if (field)
		*text = *field;
	return field != NULL;
}

/* What came from a database must not end the comment that it is put into. */
static void put_visible(struct rendering *r, const char *text)
{
	char *shown = text_visible(r->mem, text, false);

	put(&r->out, shown, strlen(shown), r->mem);
	talloc_free(shown);
}

static void put_quoted(struct rendering *r, const char *plain)
{
	const char *text = text_visible(r->mem, plain, false);

	for (; *text; text++) {
		if (*text == '"')
			put(&r->out, "\"", 1, r->mem);
		put(&r->out, text, 1, r->mem);
	}
}

static int put_value(struct rendering *r, const struct frame *frame,
		     const struct tag *tag)
{
	struct value_text text;

	if (!find_text(r, frame, tag, &text))
		return fail(r, tag->begin, "no value for", tag->name);
	if (!*tag->filter) {
		put(&r->out, text.sql, strlen(text.sql), r->mem);
	} else if (!strcmp(tag->filter, "raw")) {
		put_visible(r, text.plain);
	} else if (!strcmp(tag->filter, "text")) {
		put_quoted(r, text.plain);
	} else if (!strcmp(tag->filter, "word")) {
		char *word = name_word(r->mem, text.plain);

		put(&r->out, word, strlen(word), r->mem);
	} else {
		return fail(r, tag->begin, "unknown form", tag->filter);
	}
	return 0;
}

/* A line that tags left blank goes, with its end. */
static bool drop_line(struct rendering *r)
{
	if (!r->tags)
		return false;
	for (size_t i = r->line; i < r->out.length; i++)
		if (r->out.text[i] != ' ' && r->out.text[i] != '\t')
			return false;
	r->out.length = r->line;
	return true;
}

/* An empty line where one stands already, or at the top. */
static bool is_extra(const struct rendering *r)
{
	size_t n = r->out.length;

	return n == r->line &&
	       (n == 0 || (n >= 2 && r->out.text[n - 2] == '\n'));
}

static void end_line(struct rendering *r)
{
	if (!drop_line(r) && !is_extra(r))
		put(&r->out, "\n", 1, r->mem);
	r->line = r->out.length;
	r->tags = false;
}

static void put_literal(struct rendering *r, const char *text, size_t length)
{
	while (length) {
		const char *newline = memchr(text, '\n', length);
		size_t n = newline ? (size_t)(newline - text) : length;

		put(&r->out, text, n, r->mem);
		if (newline) {
			end_line(r);
			n++;
		}
		text += n;
		length -= n;
	}
}

static int render_range(struct rendering *r, const char *from, const char *to,
			const struct frame *frame);

static int render_block_body(struct rendering *r, const struct tag *open,
			     const struct tag *close, const struct frame *frame)
{
	struct rendering inner = *r;
	char *body, *out = NULL;
	int result;

	inner.out = (struct buffer){ 0 };
	inner.line = 0;
	inner.tags = true;
	if (render_range(&inner, open->next, close->begin, frame) < 0)
		return -1;
	body = talloc_strndup(r->mem, inner.out.length ? inner.out.text : "",
			      inner.out.length);
	result = r->block->make(r->mem, body, &out, r->block->data, r->err);
	if (result < 0)
		return error_at(r->err, r->path, 0, 0);
	r->block_failed = result == 0;
	if (out) {
		put(&r->out, out, strlen(out), r->mem);
		r->line = r->out.length;
	}
	return 0;
}

static int render_section(struct rendering *r, const struct tag *open,
			  const struct tag *close, const struct frame *frame)
{
	const struct value *value = values_find(r->values, open->name);
	struct value_text text;
	bool given = find_text(r, frame, open, &text);

	if (r->block && !strcmp(open->name, r->block->name)) {
		if (open->kind == '#')
			return render_block_body(r, open, close, frame);
		given = !r->block_failed;
	}
	if (!strcmp(open->field, "last"))
		given = is_last(frame, open->name);
	if (open->kind == '^')
		return given ? 0
			     : render_range(r, open->next, close->begin, frame);
	if (!given)
		return 0;
	if (open->kind == '?' || *open->field || !value)
		return render_range(r, open->next, close->begin, frame);
	for (size_t i = 0; i < value->count; i++) {
		struct frame inner = { frame, value, i };

		r->tags = true; /* the section's own line, each time */
		if (render_range(r, open->next, close->begin, &inner) < 0)
			return -1;
	}
	return 0;
}

static int render_range(struct rendering *r, const char *from, const char *to,
			const struct frame *frame)
{
	while (from < to) {
		const char *at = strstr(from, "{{");
		struct tag tag, close = { 0 };
		int result;

		if (!at || at > to)
			at = to;
		put_literal(r, from, (size_t)(at - from));
		if (at == to)
			return 0;
		if (read_tag(r, at, &tag) < 0)
			return -1;
		r->tags = true;
		from = tag.next;
		if (tag.kind == ' ') {
			result = put_value(r, frame, &tag);
		} else if (tag.kind == '/') {
			result = fail(r, at, "an end without section",
				      tag.name);
		} else {
			result = find_close(r, &tag, &close);
			if (result == 0)
				result = render_section(r, &tag, &close, frame);
			from = close.next;
			r->tags = true;
		}
		if (result < 0)
			return -1;
	}
	return 0;
}

int render(TALLOC_CTX *mem, const char *path, const char *text,
	   const struct values *values, const struct render_block *block,
	   char **out, struct error *err)
{
	struct rendering r = {
		.mem = talloc_new(mem),
		.path = path,
		.text = text,
		.values = values,
		.block = block,
		.err = err,
	};
	int result = render_range(&r, text, text + strlen(text), NULL);

	if (result == 0) {
		drop_line(&r);
		*out = talloc_strndup(mem, r.out.length ? r.out.text : "",
				      r.out.length);
	}
	talloc_free(r.mem);
	return result;
}
