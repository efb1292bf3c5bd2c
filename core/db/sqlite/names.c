#include "core/db/sqlite/internal.h"

#include <ctype.h>
#include <string.h>

char *sqlite_quote(TALLOC_CTX *mem, const char *name)
{
	char *out = talloc_size(mem, 2 * strlen(name) + 3), *p = out;

	talloc_set_name_const(out, "char");
	*p++ = '"';
	for (; *name; name++) {
		if (*name == '"')
			*p++ = '"';
		*p++ = *name;
	}
	*p++ = '"';
	*p = '\0';
	return out;
}

static bool is_plain(const char *name)
{
	const unsigned char *c = (const unsigned char *)name;

	if (!isalpha(*c) && *c != '_' && *c < 0x80)
		return false;
	for (; *c; c++)
		if (!isalnum(*c) && *c != '_' && *c < 0x80)
			return false;
	return true;
}

/* Without the library nobody knows its keywords: then all are quoted. */
static bool is_keyword(const char *name)
{
	struct error ignored = { 0 };

	if (lazy_sqlite_load(&ignored) == 0)
		return sqlite3_keyword_check(name, (int)strlen(name)) != 0;
	error_release(&ignored);
	return true;
}

char *sqlite_quote_name(TALLOC_CTX *mem, const char *name)
{
	if (is_plain(name) && !is_keyword(name))
		return talloc_strdup(mem, name);
	return sqlite_quote(mem, name);
}

char *sqlite_fold_name(TALLOC_CTX *mem, const char *written)
{
	return sql_unquote(mem, written, strlen(written));
}
