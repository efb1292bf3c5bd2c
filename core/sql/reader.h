#ifndef CORE_SQL_READER_H
#define CORE_SQL_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/sql/script.h"

/* Reads a text token by token, past spaces and comments. */
struct reader {
	const char *text;
	size_t length;
	enum sql_dialect dialect;
	struct sql_token token; /* the one under the eye */
	size_t end;		/* of the token before it */
};

/* Starts at the first token. */
void reader_start(struct reader *r, const char *text, size_t length,
		  enum sql_dialect dialect);
void reader_advance(struct reader *r);

bool reader_at_end(const struct reader *r);
/* Whether the token is this keyword, or this character of punctuation. */
bool reader_is(const struct reader *r, const char *word);
bool reader_is_character(const struct reader *r, char c);

/* Whether it is any of a NULL-terminated list of keywords. */
bool reader_is_any(const struct reader *r, const char *const *words);
/* Whether a query begins here, in parentheses or not. */
bool reader_begins_query(const struct reader *r);

/* The same, and advance when it is. */
bool reader_accept(struct reader *r, const char *word);
bool reader_accept_character(struct reader *r, char c);
/* Any of a NULL-terminated list. */
bool reader_accept_any(struct reader *r, const char *const *words);

/* From an opening parenthesis to what follows the one that closes it. */
void reader_skip_group(struct reader *r);

/* The name that the token, quoted or not, stands for. */
char *reader_name(TALLOC_CTX *mem, const struct reader *r);

#endif
