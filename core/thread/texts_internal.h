#ifndef CORE_THREAD_TEXTS_INTERNAL_H
#define CORE_THREAD_TEXTS_INTERNAL_H

#include "core/thread/texts.h"

/* What texts.c and texts_join.c share. */

/* The lists of a struct comment_texts. */
enum text_part {
	TEXT_NOTES,
	TEXT_PATTERNS,
	TEXT_GOTCHAS,
	TEXT_NEXT,
	TEXT_PARTS
};

const char ***texts_list(struct comment_texts *t, enum text_part part,
			 size_t **count);
const char **texts_items(const struct comment_texts *t, enum text_part part,
			 size_t *count);

/* Whether the line of n characters is the text, but for blanks at its end. */
bool texts_is_line(const char *line, size_t n, const char *text);

#endif
