#ifndef CORE_SQL_DIRECTIVE_H
#define CORE_SQL_DIRECTIVE_H

#include "core/sql/script.h"

/* Whether a line comment (from its dashes on) means to be a directive. */
bool directive_is(const char *comment, size_t length);

/*
 * Takes a directive apart. Its strings hang on mem; the error has no place
 * yet.
 */
int directive_parse(TALLOC_CTX *mem, const char *comment, size_t length,
		    struct directive *directive, struct error *err);

/* The word it is written with: "no-transaction". */
const char *directive_word(enum directive_kind kind);

#endif
