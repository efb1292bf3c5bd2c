#include <string.h>

#include "core/db/mend.h"
#include "core/db/mysql/internal.h"

static void mend_table_column(struct mend *m, const struct mend_request *r)
{
	const struct difference *d = r->difference;
	char *table = mend_owner(m->mem, r, d->name);
	char *name = mend_last(m->mem, r, d->name);
	struct mend_column before, after;

	if (!d->before) {
		mend_add(m, "ALTER TABLE %s DROP COLUMN %s", table, name);
		return;
	}
	mend_column(m->mem, d->before, &before);
	if (!d->after) {
		if (!before.not_null || *before.rest)
			mend_add(m, "ALTER TABLE %s ADD COLUMN %s %s", table,
				 name, d->before);
		return;
	}
	mend_column(m->mem, d->after, &after);
	/* whether the rows can be had back is not for the catalog to tell */
	if (!strcmp(before.type, after.type))
		mend_add(m, "ALTER TABLE %s MODIFY COLUMN %s %s", table, name,
			 d->before);
}

/* "unique btree (a, b(10) desc)": the names of columns are not quoted. */
static void mend_index(struct mend *m, const struct mend_request *r)
{
	const struct difference *d = r->difference;
	char *table = mend_owner(m->mem, r, d->name);
	const char *last = strrchr(d->name, '.');
	bool primary = last && !strcmp(last, ".PRIMARY");
	char *name = mend_last(m->mem, r, d->name);
	const char *columns = d->before ? strchr(d->before, '(') : NULL;

	if (d->after)
		mend_add(m,
			 primary ? "ALTER TABLE %s DROP PRIMARY KEY"
				 : "ALTER TABLE %s DROP INDEX %s",
			 table, name);
	if (columns && primary)
		mend_add(m, "ALTER TABLE %s ADD PRIMARY KEY %s", table,
			 columns);
	else if (columns)
		mend_add(m, "ALTER TABLE %s ADD %sINDEX %s %s", table,
			 !strncmp(d->before, "unique ", 7)     ? "UNIQUE "
			 : !strncmp(d->before, "fulltext ", 9) ? "FULLTEXT "
			 : !strncmp(d->before, "spatial ", 8)  ? "SPATIAL "
							       : "",
			 name, columns);
}

static void mend_constraint(struct mend *m, const struct mend_request *r,
			    const char *dropped, const char *kind)
{
	const struct difference *d = r->difference;
	char *table = mend_owner(m->mem, r, d->name);
	char *name = mend_last(m->mem, r, d->name);
	/* MariaDB says whose check it is first */
	const char *text = d->before && *kind == 'C' ? strchr(d->before, '(')
						     : d->before;

	if (d->after)
		mend_add(m, "ALTER TABLE %s DROP %s %s", table, dropped, name);
	if (text)
		mend_add(m, "ALTER TABLE %s ADD CONSTRAINT %s %s %s", table,
			 name, kind, text);
}

/* "table t to 'reader'@'%'": "select, insert" */
static void mend_privileges(struct mend *m, const struct mend_request *r)
{
	const struct difference *d = r->difference;
	const char *to = strstr(d->name, " to ");
	char *table;

	if (strncmp(d->name, "table ", 6) != 0 || !to)
		return;
	table = r->quote(m->mem, talloc_strndup(m->mem, d->name + 6,
						(size_t)(to - d->name - 6)));
	if (d->after)
		mend_add(m, "REVOKE %s ON TABLE %s FROM %s", d->after, table,
			 to + 4);
	if (d->before)
		mend_add(m, "GRANT %s ON TABLE %s TO %s", d->before, table,
			 to + 4);
}

static void drop(struct mend *m, const struct mend_request *r)
{
	static const char *const kinds[][2] = {
		{ "table", "TABLE" },	      { "view", "VIEW" },
		{ "procedure", "PROCEDURE" }, { "function", "FUNCTION" },
		{ "sequence", "SEQUENCE" },   { "event", "EVENT" },
	};
	const struct difference *d = r->difference;

	for (size_t i = 0; !d->before && i < sizeof(kinds) / sizeof(*kinds);
	     i++)
		if (!strcmp(d->kind, kinds[i][0]))
			mend_add(m, "DROP %s %s", kinds[i][1],
				 r->quote(m->mem, d->name));
	if (!d->before && !strcmp(d->kind, "trigger"))
		mend_add(m, "DROP TRIGGER %s", mend_last(m->mem, r, d->name));
}

void my_mend(struct mend *m, const struct mend_request *r)
{
	const char *kind = r->difference->kind;

	if (!strcmp(kind, "column"))
		mend_table_column(m, r);
	else if (!strcmp(kind, "index"))
		mend_index(m, r);
	else if (!strcmp(kind, "foreign key"))
		mend_constraint(m, r, "FOREIGN KEY", "FOREIGN KEY");
	else if (!strcmp(kind, "check"))
		mend_constraint(m, r, "CONSTRAINT", "CHECK");
	else if (!strcmp(kind, "privileges"))
		mend_privileges(m, r);
	else
		drop(m, r);
}
