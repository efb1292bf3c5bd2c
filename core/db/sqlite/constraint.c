#include "core/db/sqlite/internal.h"

#include <string.h>

#include "core/sql/reader.h"
#include "core/sql/table.h"

/* The tokens from `from` up to where the reader has come. */
static char *passed(TALLOC_CTX *mem, const struct known_names *names,
		    const struct reader *r, size_t from)
{
	return sqlite_normal(mem, names, r->text + from, r->end - from);
}

/* "(a, b desc)": the group that is next, or the column itself. */
static char *columns_of(TALLOC_CTX *mem, const struct known_names *names,
			const char *column, struct reader *r)
{
	size_t from = r->token.offset;
	char *quoted, *list;

	if (reader_is_character(r, '(')) {
		reader_skip_group(r);
		return passed(mem, names, r, from);
	}
	if (!column)
		return talloc_strdup(mem, "");
	quoted = sqlite_quote(mem, column);
	list = sqlite_normal(mem, names, quoted, strlen(quoted));
	reader_accept(r, "ASC");
	return talloc_asprintf(mem, "(%s%s)", list,
			       reader_accept(r, "DESC") ? " desc" : "");
}

/* What is left: ON CONFLICT, AUTOINCREMENT. */
static char *rest(TALLOC_CTX *mem, const struct known_names *names,
		  struct reader *r)
{
	size_t from = r->token.offset;
	char *text;

	while (!reader_at_end(r))
		reader_advance(r);
	text = passed(mem, names, r, from < r->end ? from : r->end);
	return *text ? talloc_asprintf(mem, " %s", text) : text;
}

/* PRIMARY KEY (a AUTOINCREMENT) is PRIMARY KEY (a) AUTOINCREMENT. */
static char *autoincrement_last(TALLOC_CTX *mem, char *text)
{
	static const char word[] = " autoincrement";
	char *found = strstr(text, word);

	if (!found)
		return text;
	return talloc_asprintf(mem, "%.*s%s%s", (int)(found - text), text,
			       found + strlen(word), word);
}

struct reference {
	const char *on_delete, *on_update, *match;
	bool deferred;
};

static char *action(TALLOC_CTX *mem, const struct known_names *names,
		    struct reader *r)
{
	size_t from = r->token.offset;
	bool two = reader_is(r, "SET") || reader_is(r, "NO");

	reader_advance(r);
	if (two)
		reader_advance(r);
	return passed(mem, names, r, from);
}

static void read_clauses(TALLOC_CTX *mem, const struct known_names *names,
			 struct reader *r, struct reference *to)
{
	bool negated = false;

	while (!reader_at_end(r)) {
		if (reader_accept(r, "ON")) {
			const char **what = reader_is(r, "DELETE")
						    ? &to->on_delete
						    : &to->on_update;

			reader_advance(r);
			*what = action(mem, names, r);
		} else if (reader_accept(r, "MATCH")) {
			to->match = action(mem, names, r);
		} else if (reader_accept(r, "NOT")) {
			negated = true;
		} else if (reader_accept(r, "DEFERRED")) {
			to->deferred = !negated;
		} else {
			reader_advance(r);
		}
	}
}

static char *reference(TALLOC_CTX *mem, const struct known_names *names,
		       const char *columns, struct reader *r)
{
	struct reference to = { 0 };
	size_t from;
	char *out;

	reader_accept(r, "REFERENCES");
	from = r->token.offset;
	reader_advance(r);
	if (reader_is_character(r, '('))
		reader_skip_group(r);
	out = talloc_asprintf(mem, "foreign key%s references %s", columns,
			      passed(mem, names, r, from));
	read_clauses(mem, names, r, &to);
	if (to.on_delete && strcmp(to.on_delete, "no action") != 0)
		out = talloc_asprintf_append(out, " on delete %s",
					     to.on_delete);
	if (to.on_update && strcmp(to.on_update, "no action") != 0)
		out = talloc_asprintf_append(out, " on update %s",
					     to.on_update);
	if (to.match)
		out = talloc_asprintf_append(out, " match %s", to.match);
	if (to.deferred)
		out = talloc_strdup_append(out,
					   " deferrable initially deferred");
	return out;
}

static char *render(TALLOC_CTX *mem, const struct known_names *names,
		    const char *column, enum table_rule_kind kind,
		    struct reader *r)
{
	char *columns;

	switch (kind) {
	case RULE_PRIMARY_KEY:
		reader_accept(r, "PRIMARY");
		reader_accept(r, "KEY");
		columns = columns_of(mem, names, column, r);
		return autoincrement_last(
			mem, talloc_asprintf(mem, "primary key%s%s", columns,
					     rest(mem, names, r)));
	case RULE_UNIQUE:
		reader_accept(r, "UNIQUE");
		columns = columns_of(mem, names, column, r);
		return talloc_asprintf(mem, "unique%s%s", columns,
				       rest(mem, names, r));
	case RULE_FOREIGN_KEY:
		if (reader_accept(r, "FOREIGN"))
			reader_accept(r, "KEY");
		columns = columns_of(mem, names, column, r);
		return reference(mem, names, columns, r);
	default:
		return rest(mem, names, r) + 1;
	}
}

char *sqlite_constraint(TALLOC_CTX *mem, const struct known_names *names,
			const char *column, const struct table_rule *rule)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct reader r;
	char *text;

	if (rule->kind != RULE_CHECK)
		names = names_all();
	reader_start(&r, rule->text, rule->length, SQL_SQLITE);
	while (reader_accept(&r, "CONSTRAINT"))
		reader_advance(&r);
	text = talloc_strdup(mem, render(turn, names, column, rule->kind, &r));
	talloc_free(turn);
	return text;
}
