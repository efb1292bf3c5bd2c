#include "core/thread/marker.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/migration.h"

#define OPENING "<!-- git-migrate:v1 "

/* --- the marker ---------------------------------------------------------- */

static char *encode(TALLOC_CTX *mem, const char *value)
{
	static const char hex[] = "0123456789ABCDEF";
	char *out = talloc_size(mem, 3 * strlen(value) + 1), *to = out;

	for (const char *s = value; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool dash = *s == '-' && s > value && s[-1] != '-' && s[1] &&
			    s[1] != '-';

		if ((c < 0x80 && isalnum(c)) || (c && strchr("_.:/+", c)) ||
		    dash) {
			*to++ = *s;
			continue;
		}
		*to++ = '%';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	*to = '\0';
	return out;
}

char *marker_new(TALLOC_CTX *mem, int64_t version, const char *name,
		 const char *target)
{
	char digits[VERSION_LENGTH + 1];
	char *n = encode(NULL, name), *t = encode(NULL, target);
	char *marker =
		talloc_asprintf(mem, OPENING "version=%s name=%s target=%s -->",
				version_format(version, digits), n, t);

	talloc_free(n);
	talloc_free(t);
	return marker;
}

static char *value_of(TALLOC_CTX *mem, const char *marker, const char *key)
{
	const char *at = strstr(marker, key);
	char *out, *to;
	unsigned char c;

	if (!at)
		return talloc_strdup(mem, "");
	at += strlen(key);
	to = out = talloc_strndup(mem, at, strcspn(at, " "));
	for (const char *s = out; *s; s++) {
		if (*s == '%' && isxdigit((unsigned char)s[1]) &&
		    sscanf(s + 1, "%2hhx", &c) == 1 && s[2]) {
			*to++ = (char)c;
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	return out;
}

char *marker_label(TALLOC_CTX *mem, const char *marker)
{
	return talloc_asprintf(mem, "%s_%s on '%s'",
			       value_of(mem, marker, " version="),
			       value_of(mem, marker, " name="),
			       value_of(mem, marker, " target="));
}

/* --- lines --------------------------------------------------------------- */

/* The length of the line without what trails it. */
static size_t trimmed(const char *line)
{
	size_t n = strcspn(line, "\n");

	while (n && (line[n - 1] == ' ' || line[n - 1] == '\t' ||
		     line[n - 1] == '\r'))
		n--;
	return n;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

bool marker_in(const char *text, const char *marker)
{
	size_t length = strlen(marker);

	for (; *text; text = next_line(text))
		if (trimmed(text) == length && !memcmp(text, marker, length))
			return true;
	return false;
}

/* Any of our lines; *opens: it opens a comment, otherwise it is a marker. */
static bool is_ours(const char *line, bool *opens)
{
	size_t n = trimmed(line), head = strlen(OPENING);

	if (n < head + 3 || memcmp(line, OPENING, head) ||
	    memcmp(line + n - 3, "-->", 3))
		return false;
	*opens = memcmp(line + head, "version=", 8) != 0;
	return true;
}

/* --- comments in a note -------------------------------------------------- */

static char *written_in(TALLOC_CTX *mem, const char *opening)
{
	const char *value = memmem(opening, trimmed(opening), " written=", 9);

	if (!value)
		return NULL;
	value += 9;
	return talloc_strndup(mem, value, strcspn(value, " \n"));
}

bool note_next(TALLOC_CTX *mem, const char *from, struct note_comment *comment)
{
	const char *opening = NULL;
	bool opens;

	for (const char *line = from; *line; line = next_line(line)) {
		if (!is_ours(line, &opens))
			continue;
		if (opens) {
			opening = line;
			continue;
		}
		comment->start = opening ? opening : line;
		comment->body = opening ? next_line(opening) : line;
		comment->end = next_line(line);
		comment->marker = talloc_strndup(mem, line, trimmed(line));
		comment->written = opening ? written_in(mem, opening) : NULL;
		return true;
	}
	return false;
}

char *note_find(TALLOC_CTX *mem, const char *note, const char *marker)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	struct note_comment c;
	char *found = NULL;

	for (; !found && note_next(scope, note, &c); note = c.end)
		if (!strcmp(c.marker, marker))
			found = talloc_strndup(mem, c.body,
					       (size_t)(c.end - c.body));
	talloc_free(scope);
	return found;
}

/* Whether the comment in the note says what body says. */
static bool says(const struct note_comment *c, const char *body)
{
	size_t n = (size_t)(c->end - c->body), m = strlen(body);

	while (n && c->body[n - 1] == '\n')
		n--;
	while (m && body[m - 1] == '\n')
		m--;
	return n == m && !memcmp(c->body, body, n);
}

static char *append(char *note, const char *from, const char *to)
{
	return talloc_strndup_append_buffer(note, from, (size_t)(to - from));
}

static char *append_comment(char *note, const char *body, const char *written)
{
	size_t n = strlen(body);

	while (n && body[n - 1] == '\n')
		n--;
	if (written)
		note = talloc_asprintf_append_buffer(
			note, OPENING "written=%s -->\n", written);
	else
		note = talloc_strdup_append_buffer(note, OPENING "-->\n");
	note = append(note, body, body + n);
	return talloc_strdup_append_buffer(note, "\n");
}

char *note_put(TALLOC_CTX *mem, const char *note, const char *body,
	       const char *marker, const char *written)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	char *out = talloc_strdup(mem, "");
	const char *from = note ? note : "";
	struct note_comment c;
	bool there = false;

	while (note_next(scope, from, &c)) {
		bool same = !strcmp(c.marker, marker);

		if (!same || (!there && says(&c, body)))
			out = append(out, from, c.end);
		else
			out = append(out, from, c.start);
		if (same && !there && !says(&c, body))
			out = append_comment(out, body, written);
		there = there || same;
		from = c.end;
	}
	out = talloc_strdup_append_buffer(out, from);
	talloc_free(scope);
	if (there)
		return out;
	if (*out && out[strlen(out) - 1] != '\n')
		out = talloc_strdup_append_buffer(out, "\n");
	if (*out)
		out = talloc_strdup_append_buffer(out, "\n");
	return append_comment(out, body, written);
}
