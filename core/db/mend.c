#include "core/db/mend.h"

#include <stdarg.h>
#include <string.h>

void mend_add(struct mend *mend, const char *fmt, ...)
{
	va_list args;

	if (mend->count == MEND_MOST)
		return;
	va_start(args, fmt);
	mend->statements[mend->count++] = talloc_vasprintf(mend->mem, fmt,
							   args);
	va_end(args);
}

char *mend_name(TALLOC_CTX *mem, const struct mend_request *r, const char *name)
{
	char *out = talloc_strdup(mem, "");

	for (const char *dot; name; name = dot ? dot + 1 : NULL) {
		char *part;

		dot = strchr(name, '.');
		part = dot ? talloc_strndup(out, name, (size_t)(dot - name))
			   : talloc_strdup(out, name);
		out = talloc_asprintf_append(out, "%s%s", *out ? "." : "",
					     r->quote(out, part));
	}
	return out;
}

char *mend_owner(TALLOC_CTX *mem, const struct mend_request *r,
		 const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? mend_name(mem, r,
			       talloc_strndup(mem, name, (size_t)(dot - name)))
		   : talloc_strdup(mem, "");
}

char *mend_last(TALLOC_CTX *mem, const struct mend_request *r, const char *name)
{
	const char *dot = strrchr(name, '.');

	return r->quote(mem, dot ? dot + 1 : name);
}

const char *mend_source(const struct mend_request *r)
{
	const struct catalog_object *o = catalog_find(
		r->expected, r->difference->kind, r->difference->name);

	return o ? o->source : NULL;
}

/* --- columns -------------------------------------------------------------- */

/* What stands behind the type, the first of these words begins. */
static const char *end_of_type(const char *definition)
{
	static const char *const words[] = { " not null",     " default ",
					     " generated ",   " storage ",
					     " compression ", " statistics ",
					     " with (",	      " options (",
					     " inherited" };
	const char *end = definition + strlen(definition);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const char *at = strstr(definition, words[i]);

		if (at && at < end)
			end = at;
	}
	return end;
}

void mend_column(TALLOC_CTX *mem, const char *definition,
		 struct mend_column *column)
{
	const char *end = end_of_type(definition);

	column->type = talloc_strndup(mem, definition,
				      (size_t)(end - definition));
	column->not_null = !strncmp(end, " not null", 9);
	if (column->not_null)
		end += 9;
	column->rest = *end == ' ' ? end + 1 : end;
}
