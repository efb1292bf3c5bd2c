#include <string.h>

#include "core/db/mend.h"
#include "core/db/sqlite/internal.h"

/* What else is to be altered of a table takes making it anew. */
static void mend_table_column(struct mend *m, const struct mend_request *r)
{
	const struct difference *d = r->difference;
	char *table = mend_owner(m->mem, r, d->name);
	char *name = mend_last(m->mem, r, d->name);

	if (!d->before)
		mend_add(m, "ALTER TABLE %s DROP COLUMN %s", table, name);
	else if (!d->after)
		mend_add(m, "ALTER TABLE %s ADD COLUMN %s %s", table, name,
			 d->before);
}

void sqlite_mend(struct mend *m, const struct mend_request *r)
{
	const struct difference *d = r->difference;
	const char *source = mend_source(r);
	bool table = !strcmp(d->kind, "table");
	char *upper;

	if (!strcmp(d->kind, "column")) {
		mend_table_column(m, r);
		return;
	}
	if (!table && strcmp(d->kind, "index") != 0 &&
	    strcmp(d->kind, "view") != 0 && strcmp(d->kind, "trigger") != 0)
		return;
	if (d->before && (table || !source))
		return;
	upper = talloc_strdup(m->mem, d->kind);
	for (char *c = upper; *c; c++)
		*c = (char)(*c - 'a' + 'A');
	if (d->after)
		mend_add(m, "DROP %s %s", upper, r->quote(m->mem, d->name));
	if (d->before)
		mend_add(m, "%s", source);
}
