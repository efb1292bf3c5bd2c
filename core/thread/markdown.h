#ifndef CORE_THREAD_MARKDOWN_H
#define CORE_THREAD_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/*
 * Text that came from SQL, a database or a person, made safe for a Markdown
 * comment on any tracker: nobody is mentioned, no other issue is referred to,
 * no line is a quick action, nothing is HTML (so no marker can be planted),
 * control characters are visible and secrets are gone. Everything that goes
 * into a comment passes one of the first three.
 */

/*
 * A code span, for names: one line, with enough backticks around. "``" is
 * never returned; an empty text gives "(empty)".
 */
char *markdown_code(TALLOC_CTX *mem, const char *text);

/* One line of plain text: white space folded, no Markdown left in it. */
char *markdown_line(TALLOC_CTX *mem, const char *text);

/*
 * A person's own Markdown: lists, emphasis, links and code stay. Fences left
 * open are closed. Without white space at its beginning and end.
 */
char *markdown_block(TALLOC_CTX *mem, const char *text);

/* A fence of code that is open; all zero: none. */
struct markdown_fence {
	size_t length;
	char of;
};

/*
 * Takes the next line, of length n; whether it belongs to a fence. Only what
 * stands at the very beginning of a line opens one: an indented one may belong
 * to a list item and end with it.
 */
bool markdown_fence(struct markdown_fence *fence, const char *line, size_t n);

/* The block as an item of a list: "- first", the lines after it indented. */
char *markdown_item(TALLOC_CTX *mem, const char *block);

/* Texts of a person as such a list; without any, what says so. */
#define NOTHING_NOTED "none noted"
char *markdown_items(TALLOC_CTX *mem, const char *const *texts, size_t count);

/* The texts of a person one below the other. */
char *markdown_paragraphs(TALLOC_CTX *mem, const char *const *texts,
			  size_t count);

/* Appended to `out`, unless it is empty. */
char *markdown_paragraph(char *out, const char *paragraph);

/*
 * A copy without what looks like a secret: user info in URLs, the value after
 * password, token and the like, access tokens by their known prefixes.
 */
char *markdown_redact(TALLOC_CTX *mem, const char *text);

/*
 * The body cut to at most `limit` bytes (0: unlimited) of which the last line,
 * the marker, is kept: cut between lines where possible, never inside a
 * character, an open fence closed, and the cut said. `body` ends with `marker`.
 */
char *markdown_limit(TALLOC_CTX *mem, const char *body, const char *marker,
		     size_t limit);

#endif
