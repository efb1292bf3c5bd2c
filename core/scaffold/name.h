#ifndef CORE_SCAFFOLD_NAME_H
#define CORE_SCAFFOLD_NAME_H

#include <stddef.h>
#include <talloc.h>

#include "core/base/error.h"

#define NAME_MAX_LENGTH 100

/*
 * A migration's name from what a person typed: words become [a-z0-9_], so that
 * "AddEmail to-users" is add_email_to_users. Accents are dropped; what has no
 * likeness in ASCII separates words. Refused (ERROR_FAILED): slashes and
 * backslashes, control characters, invalid UTF-8, what leaves nothing, what
 * becomes longer than NAME_MAX_LENGTH.
 */
int name_make(TALLOC_CTX *mem, const char *const *words, size_t count,
	      char **name, struct error *err);

/*
 * The letters that such a name could not keep, in the order they were typed,
 * each once; NULL when there are none.
 */
char *name_lost(TALLOC_CTX *mem, const char *const *words, size_t count);

/*
 * Any text as [a-z0-9_], without an underscore on either side; may be empty.
 * For parts of names that templates make up.
 */
char *name_word(TALLOC_CTX *mem, const char *text);

#endif
