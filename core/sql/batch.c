#include "core/sql/batch.h"

#include <string.h>
#include <strings.h>

#include "core/sql/reader.h"
#include "core/sql/reads.h"

struct walk {
	TALLOC_CTX *mem;
	struct reader r;
	struct batch_text *batch;
	/* of the token before: a word after "." or AS is a name whatever it is,
	   and the FROM of IS DISTINCT FROM begins no clause */
	bool after_label, after_distinct, after_group;
	size_t *place;
	struct error *err;
};

enum clause {
	CLAUSE_FAILED = -1,
	CLAUSE_END,
	CLAUSE_FROM,
	CLAUSE_WHERE,
	CLAUSE_CONFLICT, /* ON CONFLICT, ON DUPLICATE KEY */
	CLAUSE_COMMA,
};

static int refuse_at(struct walk *w, size_t place, const char *why)
{
	*w->place = place;
	error_set(w->err, ERROR_FAILED,
		  "the statement cannot be run in batches: %s", why);
	return error_hint(w->err, "write it as a plain UPDATE, DELETE or "
				  "INSERT ... SELECT, or take the directive "
				  "out");
}

static int refuse(struct walk *w, const char *why)
{
	return refuse_at(w, w->r.token.offset, why);
}

/* --- tokens --------------------------------------------------------------- */

static void advance(struct walk *w)
{
	struct reader *r = &w->r;

	w->after_label = reader_is_character(r, '.') || reader_is(r, "AS");
	w->after_distinct = reader_is(r, "DISTINCT");
	w->after_group = reader_is_character(r, ')');
	reader_advance(r);
}

static bool accept(struct walk *w, const char *word)
{
	if (!reader_is(&w->r, word))
		return false;
	advance(w);
	return true;
}

static bool is_name(const struct walk *w)
{
	return w->r.token.kind == SQL_WORD || w->r.token.kind == SQL_QUOTED;
}

static bool opens(const struct walk *w)
{
	return reader_is_character(&w->r, '(') ||
	       reader_is_character(&w->r, '[');
}

static bool is_window(const struct walk *w)
{
	return w->after_group && reader_is(&w->r, "OVER");
}

/* Past a group. A query in it is its own world; a window is not. */
static int skip_group(struct walk *w)
{
	int depth = 0;

	if (reader_begins_query(&w->r)) {
		reader_skip_group(&w->r);
		w->after_label = w->after_distinct = false;
		w->after_group = true;
		return 0;
	}
	do {
		if (is_window(w))
			return refuse(w, "it has a window function");
		if (depth && opens(w) && reader_begins_query(&w->r)) {
			reader_skip_group(&w->r);
			w->after_group = true;
			continue;
		}
		depth += opens(w) - (reader_is_character(&w->r, ')') ||
				     reader_is_character(&w->r, ']'));
		advance(w);
	} while (depth > 0 && !reader_at_end(&w->r));
	return 0;
}

/* --- clauses -------------------------------------------------------------- */

/* What decides about rows together, and what is done with them afterwards. */
static const char *refused_word(const struct walk *w)
{
	static const struct {
		const char *word, *why;
		unsigned dialects; /* where it is no ordinary name */
	} list[] = {
		{ "RETURNING", "it has RETURNING", 7 },
		{ "GROUP", "it has GROUP BY", 7 },
		{ "HAVING", "it has HAVING", 7 },
		{ "UNION", "it has UNION", 7 },
		{ "INTERSECT", "it has INTERSECT", 7 },
		{ "EXCEPT", "it has EXCEPT", 7 },
		{ "ORDER", "it has ORDER BY", 7 },
		{ "LIMIT", "it has LIMIT", 7 },
		{ "WINDOW", "it has WINDOW",
		  1 << SQL_POSTGRESQL | 1 << SQL_MYSQL },
		{ "OFFSET", "it has OFFSET", 1 << SQL_POSTGRESQL },
		{ "FETCH", "it has FETCH",
		  1 << SQL_POSTGRESQL | 1 << SQL_MYSQL },
		{ "FOR", "it locks what it reads",
		  1 << SQL_POSTGRESQL | 1 << SQL_MYSQL },
		{ "LOCK", "it locks what it reads", 1 << SQL_MYSQL },
		{ "INTO", "it has INTO", 1 << SQL_POSTGRESQL | 1 << SQL_MYSQL },
	};

	if (w->after_label)
		return NULL;
	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if ((list[i].dialects & 1u << w->r.dialect) &&
		    reader_is(&w->r, list[i].word))
			return list[i].why;
	return is_window(w) ? "it has a window function" : NULL;
}

/* A join that has rows in which the first table has none. */
static bool is_outer_to_first(const struct walk *w)
{
	struct reader next = w->r;

	if (!reader_accept(&next, "RIGHT") && !reader_accept(&next, "FULL"))
		return false;
	return reader_is(&next, "JOIN") || reader_is(&next, "OUTER");
}

static bool is_conflict(const struct walk *w)
{
	struct reader next = w->r;

	return reader_accept(&next, "ON") &&
	       (reader_is(&next, "CONFLICT") || reader_is(&next, "DUPLICATE"));
}

/* The clause that begins at this token; CLAUSE_END: none. */
static enum clause clause_here(struct walk *w)
{
	const char *why = refused_word(w);

	if (why)
		return refuse(w, why);
	if (w->after_label)
		return CLAUSE_END;
	if (reader_is(&w->r, "FROM") && !w->after_distinct)
		return CLAUSE_FROM;
	if (reader_is(&w->r, "WHERE"))
		return CLAUSE_WHERE;
	if (!w->batch->inserts)
		return CLAUSE_END;
	if (is_outer_to_first(w))
		return refuse(w, "it has rows that no row of its first table "
				 "stands behind");
	return is_conflict(w) ? CLAUSE_CONFLICT : CLAUSE_END;
}

/* Goes to the next clause of the statement, or to its end. */
static enum clause find_clause(struct walk *w, bool at_comma)
{
	while (!reader_at_end(&w->r)) {
		enum clause clause;

		if (opens(w)) {
			if (skip_group(w) < 0)
				return CLAUSE_FAILED;
			continue;
		}
		clause = clause_here(w);
		if (clause != CLAUSE_END)
			return clause;
		if (at_comma && reader_is_character(&w->r, ','))
			return CLAUSE_COMMA;
		advance(w);
	}
	return CLAUSE_END;
}

/* What stands behind ON CONFLICT is the same for every batch. */
static int finish_conflict(struct walk *w)
{
	while (!reader_at_end(&w->r)) {
		if (!w->after_label && reader_is(&w->r, "RETURNING"))
			return refuse(w, "it has RETURNING");
		advance(w);
	}
	return 0;
}

/* From where the condition may begin to the end of the statement. */
static int take_where(struct walk *w)
{
	struct batch_text *batch = w->batch;
	enum clause clause;

	while ((clause = find_clause(w, false)) == CLAUSE_FROM)
		advance(w);
	batch->from = batch->to = w->r.end;
	if (clause == CLAUSE_WHERE) {
		advance(w);
		if (reader_is(&w->r, "CURRENT")) {
			struct reader next = w->r;

			reader_advance(&next);
			if (reader_is(&next, "OF"))
				return refuse(w, "it goes by a cursor");
		}
		batch->has_where = true;
		batch->from = w->r.token.offset;
		while ((clause = find_clause(w, false)) == CLAUSE_FROM ||
		       clause == CLAUSE_WHERE)
			advance(w);
		batch->to = w->r.end;
	}
	batch->select_end = batch->has_where ? batch->to : w->r.end;
	if (clause == CLAUSE_FAILED)
		return -1;
	return clause == CLAUSE_CONFLICT ? finish_conflict(w) : 0;
}

/* --- tables --------------------------------------------------------------- */

/* A name as written, with its schema. */
static char *take_name(struct walk *w)
{
	char *name = talloc_strdup(w->mem, "");

	while (is_name(w)) {
		name = talloc_strndup_append(
			name, w->r.text + w->r.token.offset, w->r.token.length);
		advance(w);
		if (!reader_is_character(&w->r, '.'))
			break;
		name = talloc_strdup_append(name, ".");
		advance(w);
	}
	return name;
}

/* Whether the word cannot be an alias: something else begins there. */
static bool ends_table(const struct walk *w)
{
	static const char *const words[] = {
		"SET",	   "FROM",   "WHERE", "USING",	   "JOIN",
		"INNER",   "LEFT",   "RIGHT", "FULL",	   "CROSS",
		"NATURAL", "ON",     "ORDER", "LIMIT",	   "RETURNING",
		"GROUP",   "HAVING", "UNION", "INTERSECT", "EXCEPT",
		"WINDOW",  "OFFSET", "FETCH", "FOR",	   "TABLESAMPLE",
		"INDEXED", "NOT",    NULL,
	};
	static const char *const mysql[] = {
		"USE",		 "FORCE", "IGNORE", "PARTITION",
		"STRAIGHT_JOIN", "LOCK",  NULL,
	};

	return reader_is_any(&w->r, words) ||
	       (w->r.dialect == SQL_MYSQL && reader_is_any(&w->r, mysql));
}

/* The table whose key the statement goes by, and its alias. */
static int take_table(struct walk *w, const char *otherwise)
{
	struct batch_text *batch = w->batch;

	if (w->r.dialect == SQL_POSTGRESQL)
		accept(w, "ONLY");
	if (!is_name(w) || reader_is(&w->r, "LATERAL"))
		return refuse(w, otherwise);
	batch->table = batch->qualifier = take_name(w);
	if (reader_is_character(&w->r, '*'))
		advance(w);
	if (reader_is_character(&w->r, '('))
		return refuse(w, otherwise);
	if (accept(w, "AS") || (is_name(w) && !ends_table(w))) {
		batch->qualifier = talloc_strndup(w->mem,
						  w->r.text + w->r.token.offset,
						  w->r.token.length);
		advance(w);
	}
	if (reader_is_character(&w->r, '('))
		return refuse(w, "its table has other names for its columns");
	return 0;
}

/*
 * A batch would find there what the batches before it have made. The statement
 * is read from one byte of it to another.
 */
static int check_reads(struct walk *w, const char *table, size_t from,
		       size_t to)
{
	size_t place;

	if (!sql_reads_table(w->r.text, to, from, w->r.dialect, table, &place))
		return 0;
	return refuse_at(w, place, "it reads the table that it writes to");
}

/* --- statements ----------------------------------------------------------- */

static void accept_all(struct walk *w, const char *const *words)
{
	while (reader_is_any(&w->r, words))
		advance(w);
}

static void add_assigned(struct walk *w)
{
	struct batch_text *batch = w->batch;

	batch->assigned = talloc_realloc(w->mem, batch->assigned, const char *,
					 (unsigned)batch->assigned_count + 1);
	batch->assigned[batch->assigned_count++] = talloc_strndup(
		w->mem, w->r.text + w->r.token.offset, w->r.token.length);
}

/* a = ..., t.a = ..., (a, b) = ...: every name before the equals sign. */
static void take_assignment(struct walk *w)
{
	while (!reader_at_end(&w->r) && !reader_is_character(&w->r, '=')) {
		if (is_name(w))
			add_assigned(w);
		advance(w);
	}
}

static int parse_update(struct walk *w)
{
	static const char *const words[] = { "LOW_PRIORITY", "IGNORE", NULL };
	static const char *const several = "it changes more than one table";
	enum clause clause;
	size_t from;

	if (accept(w, "OR"))
		advance(w);
	if (w->r.dialect == SQL_MYSQL)
		accept_all(w, words);
	if (take_table(w, "it does not name its table") < 0)
		return -1;
	from = w->r.token.offset;
	if (reader_is_character(&w->r, ','))
		return refuse(w, several);
	while (!reader_at_end(&w->r) && !reader_is(&w->r, "SET")) {
		if (reader_is(&w->r, "JOIN"))
			return refuse(w, several);
		advance(w); /* INDEXED BY, NOT INDEXED */
	}
	do {
		advance(w);
		take_assignment(w);
		clause = find_clause(w, true);
	} while (clause == CLAUSE_COMMA);
	if (clause == CLAUSE_FAILED || take_where(w) < 0)
		return -1;
	return check_reads(w, w->batch->table, from, w->r.length);
}

static int parse_delete(struct walk *w)
{
	static const char *const words[] = { "LOW_PRIORITY", "QUICK", "IGNORE",
					     NULL };
	size_t from;

	if (w->r.dialect == SQL_MYSQL)
		accept_all(w, words);
	if (!accept(w, "FROM"))
		return refuse(w, "it deletes from more than one table");
	if (take_table(w, "it does not name its table") < 0)
		return -1;
	if (w->r.dialect == SQL_MYSQL &&
	    (reader_is(&w->r, "USING") || reader_is_character(&w->r, ',')))
		return refuse(w, "it deletes from more than one table");
	from = w->r.token.offset;
	if (take_where(w) < 0)
		return -1;
	return check_reads(w, w->batch->table, from, w->r.length);
}

/* From the name of the table to SELECT. */
static int find_select(struct walk *w)
{
	static const char *const others[] = { "VALUES", "VALUE", "TABLE",
					      "DEFAULT", NULL };

	while (!reader_is(&w->r, "SELECT")) {
		if (reader_at_end(&w->r) ||
		    (reader_is_any(&w->r, others) && !w->after_label))
			return refuse(w, "it has no SELECT");
		if (reader_is(&w->r, "WITH"))
			return refuse(w, "it has WITH");
		if (opens(w) && reader_begins_query(&w->r))
			return refuse(w, "its SELECT stands in parentheses");
		/* OVERRIDING SYSTEM VALUE */
		if (accept(w, "SYSTEM") || accept(w, "USER"))
			accept(w, "VALUE");
		else if (opens(w))
			reader_skip_group(&w->r);
		else
			advance(w);
	}
	return 0;
}

static int parse_insert(struct walk *w)
{
	static const char *const words[] = { "LOW_PRIORITY", "HIGH_PRIORITY",
					     "DELAYED", "IGNORE", NULL };
	static const char *const no_table = "its SELECT does not begin with a "
					    "table";
	enum clause clause;
	size_t from;
	char *into;

	w->batch->inserts = true;
	if (accept(w, "OR"))
		advance(w);
	if (w->r.dialect == SQL_MYSQL)
		accept_all(w, words);
	accept(w, "INTO");
	into = take_name(w);
	if (find_select(w) < 0)
		return -1;
	w->batch->select = w->r.token.offset;
	advance(w);
	if (reader_is(&w->r, "DISTINCT") || reader_is(&w->r, "DISTINCTROW"))
		return refuse(w, "it has DISTINCT");
	clause = find_clause(w, false);
	if (clause == CLAUSE_FAILED)
		return -1;
	if (clause != CLAUSE_FROM)
		return refuse(w, "its SELECT has no FROM");
	from = w->r.token.offset;
	advance(w);
	/* joined to what it reads, or looked up in a query, the table tells
	   what is there already: that is how a backfill is written */
	if (take_table(w, no_table) < 0 ||
	    check_reads(w, into, from, w->r.end) < 0)
		return -1;
	return take_where(w);
}

int batch_parse(TALLOC_CTX *mem, const char *text, size_t length,
		enum sql_dialect dialect, struct batch_text *batch,
		size_t *place, struct error *err)
{
	struct walk w = {
		.mem = mem, .batch = batch, .place = place, .err = err
	};

	*batch = (struct batch_text){ .text = text, .length = length };
	reader_start(&w.r, text, length, dialect);
	if (accept(&w, "UPDATE"))
		return parse_update(&w);
	if (accept(&w, "DELETE"))
		return parse_delete(&w);
	if (accept(&w, "INSERT"))
		return parse_insert(&w);
	return refuse(&w, reader_is(&w.r, "WITH") ? "it has WITH"
						  : "it is of another kind");
}

/* --- putting a range in --------------------------------------------------- */

struct batch_part *batch_part(TALLOC_CTX *mem, const struct batch_text *batch,
			      const char *range)
{
	struct batch_part *part = talloc_zero(mem, struct batch_part);
	size_t condition = batch->to - batch->from;

	part->of = batch;
	part->text = talloc_asprintf(
		part, "%.*s%s%s%s%.*s%s%.*s", (int)batch->from, batch->text,
		batch->has_where ? "" : " WHERE ", range,
		batch->has_where ? " AND (" : "", (int)condition,
		batch->text + batch->from, batch->has_where ? ")" : "",
		(int)(batch->length - batch->to), batch->text + batch->to);
	part->inserted = strlen(range) +
			 strlen(batch->has_where ? " AND (" : " WHERE ");
	return part;
}

size_t batch_part_origin(const struct batch_part *part, size_t offset)
{
	const struct batch_text *of = part->of;

	if (offset < of->from)
		return offset;
	if (offset < of->from + part->inserted)
		return of->from;
	offset -= part->inserted;
	return of->has_where && offset > of->to ? offset - 1 : offset;
}

char *batch_probe(TALLOC_CTX *mem, const struct batch_text *batch)
{
	struct batch_text select = *batch;
	struct batch_part *part;
	char *text;

	select.text += select.select;
	select.length = select.select_end - select.select;
	select.from -= select.select;
	select.to -= select.select;
	part = batch_part(mem, &select, BATCH_NOTHING);
	text = talloc_steal(mem, part->text);
	talloc_free(part);
	return text;
}

static char *add_columns(char *text, const char *qualifier,
			 const char *const *columns, int count)
{
	for (int i = 0; i < count; i++)
		text = talloc_asprintf_append(text, "%s%s%s%s",
					      i		  ? ", "
					      : count > 1 ? "("
							  : "",
					      qualifier ? qualifier : "",
					      qualifier ? "." : "", columns[i]);
	return count > 1 ? talloc_strdup_append(text, ")") : text;
}

static char *add_bound(char *text, const char *qualifier,
		       const char *const *columns, int count,
		       const char *operator, const char * const * values)
{
	if (count > 1) {
		text = add_columns(text, qualifier, columns, 1);
		text = talloc_asprintf_append(text, " %c= %s AND ", *operator,
					      values[0]);
	}
	text = add_columns(text, qualifier, columns, count);
	text = talloc_asprintf_append(text, " %s ", operator);
	return add_columns(text, NULL, values, count);
}

char *batch_range(TALLOC_CTX *mem, const char *qualifier,
		  const char *const *columns, int count,
		  const char *const *after, const char *const *last)
{
	char *text = talloc_strdup(mem, "");

	if (after) {
		text = add_bound(text, qualifier, columns, count, ">", after);
		text = talloc_strdup_append(text, " AND ");
	}
	return add_bound(text, qualifier, columns, count, "<=", last);
}
