#ifndef CORE_THREAD_TEXTS_H
#define CORE_THREAD_TEXTS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/thread/comment.h"

/*
 * What a person adds to a comment: where it is kept until it is posted (JSON),
 * how it is edited (a file for the editor), and how it is read back from a
 * comment that stands in a thread, so that posting from another clone loses
 * none of it. Strings belong to the mem that is given. core/thread/texts_join.c
 * has what two people wrote at once.
 */

/* Adds one text to a list unless it is there or blank. */
void texts_add(TALLOC_CTX *mem, const char ***list, size_t *count,
	       const char *text);

/* Adds every text of `from`, and its task where it has one. */
void texts_merge(TALLOC_CTX *mem, struct comment_texts *into,
		 const struct comment_texts *from);

/* Takes from `from` each part that is empty in `into`. */
void texts_fill(struct comment_texts *into, const struct comment_texts *from);

bool texts_equal(const struct comment_texts *a, const struct comment_texts *b);

json_t *texts_json(const struct comment_texts *texts);
/* An error for what is no such document. */
int texts_from_json(TALLOC_CTX *mem, const json_t *json,
		    struct comment_texts *texts, struct error *err);

/*
 * The file for the editor: one part under each of its headings, lines that
 * begin with # are dropped when it is read back (but not inside a fence).
 */
char *texts_to_edit(TALLOC_CTX *mem, const struct comment_texts *texts,
		    const char *label);
void texts_from_edit(TALLOC_CTX *mem, const char *file,
		     struct comment_texts *texts);

/*
 * What people wrote into a comment with the headings of templates/comment.md;
 * a comment of another shape gives nothing.
 */
void texts_from_body(TALLOC_CTX *mem, const char *body,
		     struct comment_texts *texts);

/*
 * The comment with these texts in the place of those it has; NULL when it has
 * not all the headings that they need. Its task stays as it is.
 */
char *texts_into_body(TALLOC_CTX *mem, const char *body,
		      const struct comment_texts *texts);

/* As they are read back from a comment that has them. */
struct comment_texts texts_safe(TALLOC_CTX *mem,
				const struct comment_texts *texts);

/*
 * What two people have made of the same texts: what either has added is there,
 * what either has taken away is not, those of `first` before. Notes are told
 * apart by paragraphs. `base` may be NULL.
 */
void texts_join(TALLOC_CTX *mem, const struct comment_texts *base,
		const struct comment_texts *first,
		const struct comment_texts *second,
		struct comment_texts *joined);

#endif
