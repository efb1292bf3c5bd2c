#include "core/thread/markdown.h"

#include <ctype.h>
#include <string.h>

#include "core/base/text.h"

/* A space of no width: what stands around it is no longer one word. */
#define GAP "\xe2\x80\x8b"

struct out {
	char *text;
	size_t length, room;
};

static void put_n(struct out *o, const char *text, size_t n)
{
	if (!o->text || o->length + n + 1 > o->room) {
		o->room = 2 * (o->length + n) + 64;
		o->text = talloc_realloc_size(NULL, o->text, o->room);
	}
	memcpy(o->text + o->length, text, n);
	o->length += n;
	o->text[o->length] = '\0';
}

static void put(struct out *o, const char *text)
{
	put_n(o, text, strlen(text));
}

/* Of exactly its length: talloc's _append_buffer functions go by the size. */
static char *done(struct out *o, TALLOC_CTX *mem)
{
	put_n(o, "", 0);
	o->text[o->length] = '\0';
	return talloc_steal(mem, talloc_realloc(NULL, o->text, char,
						(unsigned)o->length + 1));
}

/* Without secrets and with visible control characters, line ends as \n. */
static char *clean(TALLOC_CTX *mem, const char *text, bool keep_lines)
{
	char *copy = talloc_strdup(mem, text), *to = copy;
	char *safe, *shown;

	for (const char *s = text; *s; s++) {
		if (*s == '\r' && s[1] == '\n')
			continue;
		*to++ = *s == '\r' ? '\n' : *s;
	}
	*to = '\0';
	safe = markdown_redact(mem, copy);
	shown = text_visible(mem, safe, keep_lines);
	talloc_free(copy);
	talloc_free(safe);
	return shown;
}

/* --- what is dangerous in a piece of text -------------------------------- */

/* The length of a web address that begins at s, or 0. */
static size_t address(const char *s)
{
	size_t scheme = !strncasecmp(s, "https://", 8)	? 8
			: !strncasecmp(s, "http://", 7) ? 7
							: 0;

	if (!scheme || !isalnum((unsigned char)s[scheme]))
		return 0;
	return scheme + strcspn(s + scheme, " \t\n<>()[]\"'`|*\\");
}

/* An address as it is, without the one letter that could mention somebody. */
static void put_address(struct out *o, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '@')
			put(o, "%40");
		else
			put_n(o, s + i, 1);
	}
}

/*
 * The length of what begins at s and would mention or refer to something, as
 * far as a gap must follow it; otherwise 0. `before` is the character before.
 */
static size_t reference(const char *s, char before)
{
	switch (*s) {
	case '@':
		return strncmp(s + 1, GAP, strlen(GAP)) ? 1 : 0;
	case '#':
		return isalnum((unsigned char)s[1]) ? 1 : 0;
	case '!':
	case '$':
	case '%':
		return isdigit((unsigned char)s[1]) ? 1 : 0;
	case 'g':
	case 'G':
		return !isalnum((unsigned char)before) &&
				       !strncasecmp(s, "gh-", 3) &&
				       isdigit((unsigned char)s[3])
			       ? 3
			       : 0;
	default:
		return 0;
	}
}

/* --- code ---------------------------------------------------------------- */

static size_t longest_run(const char *text, char of)
{
	size_t longest = 0;

	for (const char *s = text; *s; s++) {
		size_t n = 0;

		for (; *s == of; s++)
			n++;
		longest = n > longest ? n : longest;
		if (!*s)
			break;
	}
	return longest;
}

/* The text as it is, but nothing that looks like an HTML comment in it. */
static void put_raw(struct out *o, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put_n(o, s + i, 1);
		if (s[i] == '<' && i + 1 < n && s[i + 1] == '!')
			put(o, GAP);
	}
}

char *markdown_code(TALLOC_CTX *mem, const char *text)
{
	struct out o = { 0 };
	char *shown = clean(NULL, text, false);
	size_t length = strlen(shown), ticks = longest_run(shown, '`') + 1;
	bool pad = *shown == '`' || (length && shown[length - 1] == '`') ||
		   (*shown == ' ' && shown[length - 1] == ' ');

	if (!length) {
		talloc_free(shown);
		return talloc_strdup(mem, "(empty)");
	}
	for (size_t i = 0; i < ticks; i++)
		put(&o, "`");
	if (pad)
		put(&o, " ");
	put_raw(&o, shown, length);
	if (pad)
		put(&o, " ");
	for (size_t i = 0; i < ticks; i++)
		put(&o, "`");
	talloc_free(shown);
	return done(&o, mem);
}

/* --- one line ------------------------------------------------------------ */

static char *fold(TALLOC_CTX *mem, const char *text)
{
	char *line = clean(mem, text, true), *to = line;

	for (const char *s = line; *s; s++) {
		if (!isspace((unsigned char)*s))
			*to++ = *s;
		else if (to > line && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > line && to[-1] == ' ')
		to--;
	*to = '\0';
	return line;
}

/* What would make the line a list, a heading, a quote or a quick action. */
static size_t put_start(struct out *o, const char *s)
{
	size_t digits = strspn(s, "0123456789");

	if (digits && (s[digits] == '.' || s[digits] == ')')) {
		put_n(o, s, digits);
		put(o, "\\");
		put_n(o, s + digits, 1);
		return digits + 1;
	}
	if (*s && strchr("/-+=#", *s)) {
		put(o, "\\");
		put_n(o, s, 1);
		return 1;
	}
	return 0;
}

static void put_plain(struct out *o, const char *s, char before)
{
	bool inside = isalnum((unsigned char)before) &&
		      isalnum((unsigned char)s[1]);

	if (*s == '<')
		put(o, "&lt;");
	else if (*s == '>')
		put(o, "&gt;");
	else if (*s == '&' && (isalpha((unsigned char)s[1]) || s[1] == '#'))
		put(o, "&amp;");
	else if (strchr("\\`*[]|~", *s) || (*s == '_' && !inside)) {
		put(o, "\\");
		put_n(o, s, 1);
	} else {
		put_n(o, s, 1);
	}
}

char *markdown_line(TALLOC_CTX *mem, const char *text)
{
	struct out o = { 0 };
	char *line = fold(NULL, text);
	size_t i = put_start(&o, line);

	while (line[i]) {
		char before = i ? line[i - 1] : ' ';
		size_t n = isalnum((unsigned char)before) ? 0
							  : address(line + i);

		if (n) {
			put_address(&o, line + i, n);
		} else if ((n = reference(line + i, before))) {
			put_n(&o, line + i, n);
			put(&o, GAP);
		} else {
			put_plain(&o, line + i, before);
			n = 1;
		}
		i += n;
	}
	talloc_free(line);
	return done(&o, mem);
}

/* --- a person's own Markdown --------------------------------------------- */

static size_t fence_length(const char *s, size_t n, char *of)
{
	size_t run = 0;

	if (!n || (*s != '`' && *s != '~'))
		return 0;
	while (run < n && s[run] == *s)
		run++;
	if (run < 3 || (*s == '`' && memchr(s + run, '`', n - run)))
		return 0;
	*of = *s;
	return run;
}

static bool closes_fence(const char *s, size_t n, char of, size_t length)
{
	size_t run = 0;

	while (run < n && s[run] == of)
		run++;
	if (run < length)
		return false;
	while (run < n && (s[run] == ' ' || s[run] == '\t'))
		run++;
	return run == n;
}

bool markdown_fence(struct markdown_fence *fence, const char *line, size_t n)
{
	if (!fence->length) {
		fence->length = fence_length(line, n, &fence->of);
		return fence->length != 0;
	}
	if (closes_fence(line, n, fence->of, fence->length))
		fence->length = 0;
	return true;
}

static bool opens_tag(const char *s, size_t n)
{
	return *s == '<' && n > 1 &&
	       (isalpha((unsigned char)s[1]) || strchr("/!?", s[1])) &&
	       !address(s + 1);
}

static void put_prose(struct out *o, const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (s[i] == ' ' || s[i] == '\t'))
		i++;
	put_n(o, s, i);
	if (i < n && s[i] == '/')
		put(o, "\\");
	while (i < n) {
		char before = i ? s[i - 1] : ' ';
		size_t length = isalnum((unsigned char)before) ? 0
							       : address(s + i);

		if (length) {
			put_address(o, s + i, length);
			i += length;
			continue;
		}
		length = reference(s + i, before);
		if (length || opens_tag(s + i, n - i)) {
			length = length ? length : 1;
			put_n(o, s + i, length);
			put(o, GAP);
		} else {
			length = 1;
			put_n(o, s + i, 1);
		}
		i += length;
	}
}

char *markdown_block(TALLOC_CTX *mem, const char *text)
{
	struct out o = { 0 };
	struct markdown_fence fence = { 0 };
	char *shown = clean(NULL, text, true);

	for (const char *s = shown + strspn(shown, " \t\n");; s++) {
		size_t n = strcspn(s, "\n");

		if (markdown_fence(&fence, s, n))
			put_raw(&o, s, n);
		else
			put_prose(&o, s, n);
		s += n;
		if (!*s)
			break;
		put(&o, "\n");
	}
	talloc_free(shown);
	while (o.length && isspace((unsigned char)o.text[o.length - 1]))
		o.length--;
	if (fence.length)
		put(&o, "\n");
	for (; fence.length; fence.length--)
		put_n(&o, &fence.of, 1);
	return done(&o, mem);
}

char *markdown_item(TALLOC_CTX *mem, const char *block)
{
	struct out o = { 0 };

	put(&o, "- ");
	for (const char *s = block; *s; s++) {
		put_n(&o, s, 1);
		if (*s == '\n' && s[1] && s[1] != '\n')
			put(&o, "  ");
	}
	return done(&o, mem);
}

char *markdown_items(TALLOC_CTX *mem, const char *const *texts, size_t count)
{
	char *out = talloc_strdup(mem, "");

	for (size_t i = 0; i < count; i++) {
		char *block = markdown_block(mem, texts[i]);

		if (*block)
			out = talloc_asprintf_append_buffer(
				out, "%s%s", *out ? "\n" : "",
				markdown_item(mem, block));
	}
	return *out ? out : talloc_strdup(mem, "- " NOTHING_NOTED);
}

char *markdown_paragraph(char *out, const char *paragraph)
{
	if (!*paragraph)
		return out;
	return talloc_asprintf_append_buffer(out, "%s%s", *out ? "\n\n" : "",
					     paragraph);
}

char *markdown_paragraphs(TALLOC_CTX *mem, const char *const *texts,
			  size_t count)
{
	char *out = talloc_strdup(mem, "");

	for (size_t i = 0; i < count; i++)
		out = markdown_paragraph(out, markdown_block(mem, texts[i]));
	return out;
}

/* --- the limit ----------------------------------------------------------- */

#define CUT "*(cut here: too long for this tracker)*\n\n"

/* The line that closes the fence that is open at the end of the text. */
static char *open_fence(TALLOC_CTX *mem, const char *text, size_t length)
{
	const char *end = text + length;
	struct markdown_fence fence = { 0 };
	size_t indent = 0;
	char *line;

	for (const char *s = text; s < end;) {
		const char *stop = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((stop ? stop : end) - s), skip = 0;

		/* in an item of a list */
		if (n > 2 && (!memcmp(s, "  ", 2) || !memcmp(s, "- ", 2)))
			skip = 2;
		if (!fence.length)
			indent = skip;
		markdown_fence(&fence, s + skip, n - skip);
		s += n + 1;
	}
	line = talloc_strdup(mem, "");
	if (!fence.length)
		return line;
	line = talloc_asprintf_append(line, "\n%*s", (int)indent, "");
	for (; fence.length; fence.length--)
		line = talloc_strndup_append(line, &fence.of, 1);
	return line;
}

char *markdown_limit(TALLOC_CTX *mem, const char *body, const char *marker,
		     size_t limit)
{
	size_t length = strlen(body), tail = strlen(marker), keep, line;
	char *close, *cut;

	if (!limit || length <= limit)
		return talloc_strdup(mem, body);
	/* 1,000 for the notice and a fence of any likely length */
	keep = limit > tail + 1000 ? limit - tail - 1000 : 0;
	if (keep > length - tail)
		keep = length - tail;
	for (line = keep; line && body[line - 1] != '\n'; line--)
		;
	if (line && keep - line < 2000)
		keep = line;
	while (keep && ((unsigned char)body[keep] & 0xc0) == 0x80)
		keep--;
	while (keep && isspace((unsigned char)body[keep - 1]))
		keep--;
	close = open_fence(NULL, body, keep);
	if (strlen(close) > 900) {
		/* a fence as long as that is nothing to keep */
		keep = 0;
		*close = '\0';
	}
	cut = talloc_asprintf(mem, "%.*s%s\n\n" CUT "%s", (int)keep, body,
			      close, marker);
	talloc_free(close);
	return cut;
}
