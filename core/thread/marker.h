#ifndef CORE_THREAD_MARKER_H
#define CORE_THREAD_MARKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

/*
 * The marker is the last line of every comment and its identity:
 *
 *	<!-- git-migrate:v1 version=… name=… target=… -->
 *
 * Its values are percent-encoded, so that neither "--" nor ">" nor a space
 * occurs in one. It counts only as a whole line: a marker that is quoted or
 * stands inside a line is no marker.
 */
char *marker_new(TALLOC_CTX *mem, int64_t version, const char *name,
		 const char *target);

/* What a marker is of, for people: "VERSION_NAME on 'TARGET'". */
char *marker_label(TALLOC_CTX *mem, const char *marker);

/* Whether the text has this marker as a line of its own. */
bool marker_in(const char *text, const char *marker);

/*
 * Comments in a git note. Each stands between a line that opens it,
 *
 *	<!-- git-migrate:v1 -->
 *
 * which may carry written=TIME, and the line with its marker. Text that
 * people wrote around comments is theirs and is kept.
 */
struct note_comment {
	const char *start; /* of the opening line, in the note */
	const char *body;  /* what follows it; the marker's line is its end */
	const char *end;   /* behind the marker's line */
	char *marker;	   /* without its line end, owned by mem */
	char *written;	   /* RFC 3339, or NULL; owned by mem */
};

/*
 * The next comment at or after `from`; false when there is none. A marker
 * without an opening line is a comment of that one line.
 */
bool note_next(TALLOC_CTX *mem, const char *from, struct note_comment *comment);

/* The comment with this marker, or NULL: its text, with the marker. */
char *note_find(TALLOC_CTX *mem, const char *note, const char *marker);

/*
 * The note with this comment in it: in place of the one with the same marker
 * (a second one of those is taken out), otherwise at the end. `note` may be
 * NULL. `body` ends with its marker; `written` is the time that is noted down,
 * or NULL. A comment that already says the same keeps its time.
 */
char *note_put(TALLOC_CTX *mem, const char *note, const char *body,
	       const char *marker, const char *written);

#endif
