#include <string.h>

#include "core/db/mend.h"
#include "core/db/postgres/internal.h"

/* --- plain objects -------------------------------------------------------- */

/* Kinds whose DROP is DROP KIND name. */
static bool is_dropped_by_name(const char *kind)
{
	static const char *const kinds[] = {
		"table",     "view",	  "materialized view",
		"index",     "sequence",  "type",
		"domain",    "schema",	  "function",
		"procedure", "extension", "statistics",
		"collation"
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

/* "app.f(integer)": the arguments are written as they have to be. */
static char *routine_name(TALLOC_CTX *mem, const struct mend_request *r)
{
	const char *name = r->difference->name, *open = strchr(name, '(');

	if (!open)
		return mend_name(mem, r, name);
	return talloc_asprintf(
		mem, "%s%s",
		mend_name(mem, r,
			  talloc_strndup(mem, name, (size_t)(open - name))),
		open);
}

static void drop(struct mend *m, const struct mend_request *r)
{
	const char *kind = r->difference->kind;
	char *upper = talloc_strdup(m->mem, kind);

	for (char *c = upper; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	mend_add(m, "DROP %s %s", upper, routine_name(m->mem, r));
}

/* A view's definition is its columns in parentheses, then its query. */
static void make_view(struct mend *m, const struct mend_request *r)
{
	const char *text = mend_source(r);
	int depth = 0;

	if (!text)
		text = r->difference->before;
	if (*text != '(')
		return;
	do {
		depth += *text == '(';
		depth -= *text == ')';
		text++;
	} while (*text && depth);
	text += strspn(text, " ");
	mend_add(m, "CREATE VIEW %s AS %.*s",
		 mend_name(m->mem, r, r->difference->name),
		 (int)strcspn(text, ";"), text);
}

/* Kinds whose definition the server writes as a statement. */
static bool is_statement(const char *kind)
{
	return !strcmp(kind, "index") || !strcmp(kind, "function") ||
	       !strcmp(kind, "procedure") || !strcmp(kind, "trigger") ||
	       !strcmp(kind, "rule") || !strcmp(kind, "statistics");
}

static void make(struct mend *m, const struct mend_request *r)
{
	const char *kind = r->difference->kind, *text = mend_source(r);

	if (is_statement(kind))
		mend_add(m, "%s", text ? text : r->difference->before);
	else if (!strcmp(kind, "view"))
		make_view(m, r);
	else if (!strcmp(kind, "schema"))
		mend_add(m, "CREATE SCHEMA %s",
			 mend_name(m->mem, r, r->difference->name));
	else if (!strcmp(kind, "type") &&
		 !strncmp(r->difference->before, "enum (", 6))
		mend_add(m, "CREATE TYPE %s AS %s",
			 mend_name(m->mem, r, r->difference->name),
			 r->difference->before);
}

/* --- what belongs to a table ---------------------------------------------- */

static void mend_constraint(struct mend *m, const struct mend_request *r)
{
	const struct difference *d = r->difference;
	char *table = mend_owner(m->mem, r, d->name);
	char *name = mend_last(m->mem, r, d->name);

	if (d->after)
		mend_add(m, "ALTER TABLE %s DROP CONSTRAINT %s", table, name);
	if (d->before)
		mend_add(m, "ALTER TABLE %s ADD CONSTRAINT %s %s", table, name,
			 d->before);
}

static void mend_on_table(struct mend *m, const struct mend_request *r,
			  const char *object)
{
	const struct difference *d = r->difference;

	if (d->after)
		mend_add(m, "DROP %s %s ON %s", object,
			 mend_last(m->mem, r, d->name),
			 mend_owner(m->mem, r, d->name));
	if (d->before)
		make(m, r);
}

static void alter_column(struct mend *m, const struct mend_request *r,
			 const char *table, const char *name)
{
	struct mend_column before, after;

	mend_column(m->mem, r->difference->before, &before);
	mend_column(m->mem, r->difference->after, &after);
	/* whether the rows can be had back is not for the catalog to tell */
	if (strcmp(before.type, after.type) != 0)
		return;
	if (before.not_null != after.not_null)
		mend_add(m, "ALTER TABLE %s ALTER COLUMN %s %s NOT NULL", table,
			 name, before.not_null ? "SET" : "DROP");
	if (!strcmp(before.rest, after.rest))
		return;
	if (!strncmp(before.rest, "default ", 8))
		mend_add(m, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s",
			 table, name, before.rest + 8);
	else if (!*before.rest && !strncmp(after.rest, "default ", 8))
		mend_add(m, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT",
			 table, name);
}

static void mend_table_column(struct mend *m, const struct mend_request *r)
{
	const struct difference *d = r->difference;
	char *table = mend_owner(m->mem, r, d->name);
	char *name = mend_last(m->mem, r, d->name);
	struct mend_column column;

	if (!d->before) {
		mend_add(m, "ALTER TABLE %s DROP COLUMN %s", table, name);
	} else if (d->after) {
		alter_column(m, r, table, name);
	} else {
		mend_column(m->mem, d->before, &column);
		/* no row could have a value for it */
		if (!column.not_null || *column.rest)
			mend_add(m, "ALTER TABLE %s ADD COLUMN %s %s", table,
				 name, d->before);
	}
}

/* --- comments ------------------------------------------------------------- */

static char *literal(TALLOC_CTX *mem, const char *text)
{
	char *out = talloc_strdup(mem, "'");

	for (; *text; text++)
		out = talloc_asprintf_append_buffer(
			out, *text == '\'' ? "''" : "%c", *text);
	return talloc_strdup_append(out, "'");
}

/* The name is a type and an identity, as pg_identify_object() has them. */
static void mend_comment(struct mend *m, const struct mend_request *r)
{
	static const char *const types[][2] = {
		{ "table column ", "COLUMN" },
		{ "table constraint ", "CONSTRAINT" },
		{ "materialized view ", "MATERIALIZED VIEW" },
		{ "table ", "TABLE" },
		{ "view column ", "COLUMN" },
		{ "view ", "VIEW" },
		{ "index ", "INDEX" },
		{ "sequence ", "SEQUENCE" },
		{ "function ", "FUNCTION" },
		{ "procedure ", "PROCEDURE" },
		{ "trigger ", "TRIGGER" },
		{ "policy ", "POLICY" },
		{ "schema ", "SCHEMA" },
		{ "type ", "TYPE" },
	};
	const struct difference *d = r->difference;
	const char *source = mend_source(r);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strncmp(d->name, types[i][0], strlen(types[i][0]))) {
			mend_add(m, "COMMENT ON %s %s IS %s", types[i][1],
				 d->name + strlen(types[i][0]),
				 !d->before
					 ? "NULL"
					 : literal(m->mem, source ? source
								  : d->before));
			return;
		}
}

/* --- privileges ----------------------------------------------------------- */

/* One entry of a list: "reader=r/postgres". */
struct grant {
	char *who;     /* quoted, or PUBLIC */
	char *letters; /* of the privileges */
};

static const char *privilege_word(char letter)
{
	static const struct {
		char letter;
		const char *word;
	} words[] = {
		{ 'r', "SELECT" },  { 'a', "INSERT" },	 { 'w', "UPDATE" },
		{ 'd', "DELETE" },  { 'D', "TRUNCATE" }, { 'x', "REFERENCES" },
		{ 't', "TRIGGER" }, { 'X', "EXECUTE" },	 { 'U', "USAGE" },
		{ 'C', "CREATE" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].letter == letter)
			return words[i].word;
	return NULL;
}

static struct grant *grants_of(TALLOC_CTX *mem, const struct mend_request *r,
			       const char *list, size_t *count)
{
	struct grant *grants = NULL;
	char *copy = talloc_strdup(mem, list ? list : ""), *rest = copy, *item;

	*count = 0;
	while ((item = strsep(&rest, ",")) != NULL) {
		char *letters = strchr(item, '='), *by;

		item += strspn(item, " ");
		if (!letters || !(by = strchr(letters, '/')))
			continue;
		*letters++ = *by = '\0';
		/* the owner's own come and go with the first of another's */
		if (!strcmp(item, by + 1))
			continue;
		grants = talloc_realloc(mem, grants, struct grant,
					(unsigned)*count + 1);
		grants[(*count)++] = (struct grant){
			!*item	       ? talloc_strdup(mem, "PUBLIC")
			: *item == '"' ? item
				       : r->quote(mem, item),
			letters,
		};
	}
	return grants;
}

static char *words_of(TALLOC_CTX *mem, const char *letters, const char *but)
{
	char *out = talloc_strdup(mem, "");

	for (; *letters; letters++) {
		const char *word = privilege_word(*letters);

		/* WITH GRANT OPTION, and what a newer server has */
		if (!word)
			return NULL;
		if (!strchr(but, *letters))
			out = talloc_asprintf_append(out, "%s%s",
						     *out ? ", " : "", word);
	}
	return out;
}

static const char *letters_in(const struct grant *list, size_t count,
			      const char *who)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].who, who))
			return list[i].letters;
	return "";
}

static void grant_each(struct mend *m, const char *verb, const char *on,
		       const char *to, const struct grant *list, size_t count,
		       const struct grant *other, size_t other_count)
{
	for (size_t i = 0; i < count; i++) {
		char *words =
			words_of(m->mem, list[i].letters,
				 letters_in(other, other_count, list[i].who));

		if (words && *words)
			mend_add(m, "%s %s ON %s %s %s", verb, words, on, to,
				 list[i].who);
	}
}

static void mend_privileges(struct mend *m, const struct mend_request *r)
{
	static const char *const kinds[][2] = {
		{ "table ", "TABLE" },	     { "view ", "TABLE" },
		{ "sequence ", "SEQUENCE" }, { "schema ", "SCHEMA" },
		{ "function ", "FUNCTION" },
	};
	const struct difference *d = r->difference;
	struct mend_request about = *r;
	struct difference named = *d;
	struct grant *before, *after;
	size_t before_count, after_count;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char *on;

		if (strncmp(d->name, kinds[i][0], strlen(kinds[i][0])) != 0)
			continue;
		named.name = d->name + strlen(kinds[i][0]);
		about.difference = &named;
		on = talloc_asprintf(m->mem, "%s %s", kinds[i][1],
				     routine_name(m->mem, &about));
		before = grants_of(m->mem, r, d->before, &before_count);
		after = grants_of(m->mem, r, d->after, &after_count);
		grant_each(m, "REVOKE", on, "FROM", after, after_count, before,
			   before_count);
		grant_each(m, "GRANT", on, "TO", before, before_count, after,
			   after_count);
		return;
	}
}

/* -------------------------------------------------------------------------- */

void pg_mend(struct mend *m, const struct mend_request *r)
{
	const struct difference *d = r->difference;

	if (!strcmp(d->kind, "column")) {
		mend_table_column(m, r);
	} else if (!strcmp(d->kind, "constraint")) {
		mend_constraint(m, r);
	} else if (!strcmp(d->kind, "trigger")) {
		mend_on_table(m, r, "TRIGGER");
	} else if (!strcmp(d->kind, "rule")) {
		mend_on_table(m, r, "RULE");
	} else if (!strcmp(d->kind, "policy") && !d->before) {
		mend_on_table(m, r, "POLICY");
	} else if (!strcmp(d->kind, "comment")) {
		mend_comment(m, r);
	} else if (!strcmp(d->kind, "privileges")) {
		mend_privileges(m, r);
	} else if (is_dropped_by_name(d->kind)) {
		/* CREATE OR REPLACE is what the server writes of a function */
		if (d->after && (!d->before || !strcmp(d->kind, "index") ||
				 !strcmp(d->kind, "view")))
			drop(m, r);
		if (d->before)
			make(m, r);
	}
}
