#include "core/thread/notes.h"

#include <stdlib.h>
#include <string.h>

#include "core/thread/join.h"
#include "core/thread/marker.h"

enum note_kind note_kind_of(const char *ref)
{
	return strcmp(ref, "refs/notes/migrate") ? NOTE_LINES : NOTE_COMMENTS;
}

bool note_ref_is_ours(const char *name)
{
	return !strcmp(name, "migrate") ||
	       (!strncmp(name, "migrate-", 8) && name[8] && !strchr(name, '/'));
}

/* --- lines ---------------------------------------------------------------- */

struct lines {
	char **list;
	size_t count;
};

static void split(TALLOC_CTX *mem, struct lines *lines, const char *text)
{
	char *copy = talloc_strdup(mem, text), *line;

	while ((line = strsep(&copy, "\n")) != NULL) {
		if (!*line)
			continue;
		if (!(lines->count & (lines->count - 1)))
			lines->list = talloc_realloc(
				mem, lines->list, char *,
				(unsigned)(lines->count ? 2 * lines->count
							: 1));
		lines->list[lines->count++] = line;
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *union_of_lines(TALLOC_CTX *mem, const char *ours,
			    const char *theirs)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	struct lines lines = { NULL, 0 };
	char *out = talloc_strdup(mem, "");

	split(scope, &lines, ours);
	split(scope, &lines, theirs);
	if (lines.count)
		qsort(lines.list, lines.count, sizeof(*lines.list), by_text);
	for (size_t i = 0; i < lines.count; i++)
		if (!i || strcmp(lines.list[i - 1], lines.list[i]) != 0)
			out = talloc_asprintf_append_buffer(out, "%s\n",
							    lines.list[i]);
	talloc_free(scope);
	return out;
}

/* --- comments ------------------------------------------------------------- */

/* The comment with that marker; false when the note has none. */
static bool find(TALLOC_CTX *mem, const char *note, const char *marker,
		 struct note_comment *c)
{
	while (note && note_next(mem, note, c)) {
		if (!strcmp(c->marker, marker))
			return true;
		note = c->end;
	}
	return false;
}

static char *body(TALLOC_CTX *mem, const struct note_comment *c)
{
	return talloc_strndup(mem, c->body, (size_t)(c->end - c->body));
}

/* Whether theirs is the later one. Without times it is any of them, but the
   same one on both sides. */
static bool is_later(const struct note_comment *ours, const char *a,
		     const struct note_comment *theirs, const char *b)
{
	const char *mine = ours->written ? ours->written : "";
	const char *other = theirs->written ? theirs->written : "";
	int order = strcmp(other, mine);

	return (order ? order : strcmp(b, a)) > 0;
}

static bool has_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (; text && *text;
	     text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") == length &&
		    !strncmp(text, line, length))
			return true;
	return false;
}

/* What people wrote around the comments of the other side. */
static char *add_others_words(TALLOC_CTX *mem, char *note, const char *from,
			      const char *to)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	struct lines lines = { NULL, 0 };

	split(scope, &lines, talloc_strndup(scope, from, (size_t)(to - from)));
	for (size_t i = 0; i < lines.count; i++)
		if (!has_line(note, lines.list[i]))
			note = talloc_asprintf(
				mem, "%s%s%s\n", note,
				*note && note[strlen(note) - 1] != '\n' ? "\n"
									: "",
				lines.list[i]);
	talloc_free(scope);
	return note;
}

static void tell_joined(struct note_joined *joined, const char *marker)
{
	if (!joined)
		return;
	joined->list = talloc_realloc(joined->mem, joined->list, char *,
				      (unsigned)joined->count + 1);
	joined->list[joined->count++] = marker_label(joined->mem, marker);
}

/* What the other one said, but for what both had before, below the comments. */
static char *keep_below(TALLOC_CTX *mem, char *note, const char *text,
			const char *old, const char *marker)
{
	struct lines lines = { NULL, 0 };

	split(mem, &lines, text);
	for (size_t i = 0; i < lines.count; i++)
		if (strcmp(lines.list[i], marker) != 0 &&
		    !(old && has_line(old, lines.list[i])))
			note = add_others_words(mem, note, lines.list[i],
						lines.list[i] +
							strlen(lines.list[i]));
	return note;
}

/* Both have changed it. */
static char *join(TALLOC_CTX *mem, char *note, const char *old,
		  const struct note_comment *ours,
		  const struct note_comment *theirs, struct note_joined *joined)
{
	const char *a = body(mem, ours), *b = body(mem, theirs);
	bool later = is_later(ours, a, theirs, b);
	const char *stands = later ? b : a, *other = later ? a : b;
	char *both = comment_join(mem, old, stands, other), *was;

	was = note_put(mem, note, both ? both : stands, ours->marker,
		       later ? theirs->written : ours->written);
	note = both ? was : keep_below(mem, was, other, old, ours->marker);
	if (both ? strcmp(both, stands) : strcmp(note, was))
		tell_joined(joined, ours->marker);
	return note;
}

static char *merge_comment(TALLOC_CTX *mem, char *note, const char *base,
			   const struct note_comment *theirs,
			   struct note_joined *joined)
{
	struct note_comment ours, before;
	const char *a, *b = body(mem, theirs), *old;

	if (!find(mem, note, theirs->marker, &ours))
		return note_put(mem, note, b, theirs->marker, theirs->written);
	a = body(mem, &ours);
	old = find(mem, base, theirs->marker, &before) ? body(mem, &before)
						       : NULL;
	if (!strcmp(a, b) || (old && !strcmp(old, b)))
		return note;
	if (old && !strcmp(old, a))
		return note_put(mem, note, b, theirs->marker, theirs->written);
	return join(mem, note, old, &ours, theirs, joined);
}

static char *union_of_comments(TALLOC_CTX *mem, const char *base,
			       const char *ours, const char *theirs,
			       struct note_joined *joined)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	char *note = talloc_strdup(scope, ours), *out;
	const char *at = theirs;
	struct note_comment other;

	while (note_next(scope, at, &other)) {
		note = add_others_words(scope, note, at, other.start);
		note = merge_comment(scope, note, base, &other, joined);
		at = other.end;
	}
	note = add_others_words(scope, note, at, at + strlen(at));
	out = talloc_strdup(mem, note);
	talloc_free(scope);
	return out;
}

/* -------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

char *note_merge(TALLOC_CTX *mem, enum note_kind kind, const char *base,
		 const char *ours, const char *theirs,
		 struct note_joined *joined)
{
	if (same(ours, theirs) || same(base, theirs))
		return talloc_strdup(mem, ours);
	if (same(base, ours))
		return talloc_strdup(mem, theirs);
	/* changed here and taken away there: what was written stays */
	if (!ours || !theirs)
		return talloc_strdup(mem, ours ? ours : theirs);
	return kind == NOTE_LINES
		       ? union_of_lines(mem, ours, theirs)
		       : union_of_comments(mem, base, ours, theirs, joined);
}
