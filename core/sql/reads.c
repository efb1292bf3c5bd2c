#include "core/sql/reads.h"

#include <string.h>
#include <strings.h>

#include "core/sql/reader.h"

/* What stands in one pair of parentheses; the first one is all around. */
struct level {
	bool query;  /* FROM begins a clause, and is not EXTRACT's or so */
	bool tables; /* a list of tables: behind a comma comes one */
};

struct walk {
	struct reader r;
	struct level *levels;
	size_t depth;
	bool at_table; /* one has to stand here */
	/* of the token before: a word after "." or AS is a name whatever it is,
	   and neither USE INDEX FOR JOIN nor IS DISTINCT FROM begins a clause
	 */
	bool after_label, after_distinct;
};

static struct level *level(struct walk *w)
{
	return &w->levels[w->depth];
}

static void advance(struct walk *w)
{
	w->after_label = reader_is_character(&w->r, '.') ||
			 reader_is(&w->r, "AS") || reader_is(&w->r, "FOR");
	w->after_distinct = reader_is(&w->r, "DISTINCT");
	reader_advance(&w->r);
}

/* --- names ---------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
	char *one = sql_unquote(NULL, a, strlen(a));
	char *other = sql_unquote(one, b, strlen(b));
	bool same = !strcasecmp(one, other);

	talloc_free(one);
	return same;
}

static bool may_be_same(const char *a, const char *b)
{
	const char *in_a = strrchr(a, '.'), *in_b = strrchr(b, '.');

	if (in_a && in_b)
		return same_name(a, b);
	return same_name(in_a ? in_a + 1 : a, in_b ? in_b + 1 : b);
}

/* SQLite takes a string for a name where one has to stand. */
static bool is_name(const struct reader *r)
{
	return r->token.kind == SQL_WORD || r->token.kind == SQL_QUOTED ||
	       (r->token.kind == SQL_STRING && r->dialect == SQL_SQLITE);
}

/* Past schema.table; whether it may be that table. */
static bool take_name(struct walk *w, const char *table)
{
	char *name = talloc_strdup(NULL, "");
	bool same;

	while (is_name(&w->r)) {
		name = talloc_strndup_append(
			name, w->r.text + w->r.token.offset, w->r.token.length);
		advance(w);
		if (!reader_is_character(&w->r, '.'))
			break;
		name = talloc_strdup_append(name, ".");
		advance(w);
	}
	same = may_be_same(name, table);
	talloc_free(name);
	return same;
}

/* --- clauses -------------------------------------------------------------- */

static void open_level(struct walk *w)
{
	struct level inner = { .query = reader_begins_query(&w->r) };

	/* FROM (a JOIN b) */
	inner.tables = w->at_table && !inner.query;
	w->at_table = inner.tables;
	w->depth++;
	w->levels = talloc_realloc(NULL, w->levels, struct level,
				   (unsigned)w->depth + 1);
	*level(w) = inner;
	advance(w);
}

static void close_level(struct walk *w)
{
	w->at_table = false;
	if (w->depth)
		w->depth--;
	advance(w);
}

static bool begins_tables(const struct walk *w)
{
	struct reader next = w->r;

	if (reader_accept(&next, "USING")) /* not that of a join */
		return !reader_is_character(&next, '(');
	return reader_is(&w->r, "FROM") && !w->after_distinct;
}

static bool ends_tables(const struct walk *w)
{
	static const char *const words[] = {
		"WHERE",  "GROUP", "HAVING", "WINDOW",	  "ORDER",
		"LIMIT",  "UNION", "EXCEPT", "INTERSECT", "SELECT",
		"OFFSET", "FETCH", "SET",    "RETURNING", NULL,
	};

	return reader_is_any(&w->r, words);
}

/* Past a token; notes whether a table has to stand behind it. */
static void take_token(struct walk *w)
{
	struct level *at = level(w);

	w->at_table = false;
	if (reader_is_character(&w->r, ',')) {
		w->at_table = at->tables;
	} else if (w->after_label) {
		/* not what it would be elsewhere */
	} else if (at->query && begins_tables(w)) {
		w->at_table = at->tables = true;
	} else if (reader_is(&w->r, "JOIN") ||
		   (reader_is(&w->r, "STRAIGHT_JOIN") && at->tables) ||
		   reader_is(&w->r, "TABLE")) {
		w->at_table = true;
	} else if (ends_tables(w)) {
		at->tables = false;
	}
	advance(w);
}

bool sql_reads_table(const char *text, size_t length, size_t from,
		     enum sql_dialect dialect, const char *table, size_t *place)
{
	static const char *const before[] = { "ONLY", "LATERAL", NULL };
	struct walk w = { .levels = talloc_zero(NULL, struct level) };
	bool found = false;

	w.levels->query = true;
	reader_start(&w.r, text, length, dialect);
	while (w.r.token.offset < from && !reader_at_end(&w.r))
		reader_advance(&w.r);
	while (!found && !reader_at_end(&w.r)) {
		if (reader_is_character(&w.r, '(')) {
			open_level(&w);
		} else if (reader_is_character(&w.r, ')')) {
			close_level(&w);
		} else if (w.at_table && reader_is_any(&w.r, before)) {
			advance(&w);
		} else if (w.at_table && is_name(&w.r)) {
			*place = w.r.token.offset;
			found = take_name(&w, table);
			w.at_table = false;
		} else {
			take_token(&w);
		}
	}
	talloc_free(w.levels);
	return found;
}
