#include "core/run/fill.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "core/base/arena.h"

/*
 * Which rows: where the key is one whole number, those next to points that lie
 * evenly between the smallest and the largest; otherwise as many from both ends
 * of the key. Each is found by the key's index, however large the table is.
 */

struct taken_row {
	const char **values;
	char *text; /* all of them, as the key */
	UT_hash_handle hh;
};

struct taken {
	const struct db_table *table;
	size_t *columns, count; /* those that are written */
	struct taken_row **rows;
	size_t row_count, room;
	struct taken_row *seen;
	size_t followed; /* rows whose parents are there */
};

struct sample {
	const char *label;
	struct db_tables *tables;
	struct taken *taken; /* one a table */
	size_t *order, order_count;
	struct arena *strings;
};

static int forget(struct sample *s)
{
	for (size_t i = 0; s->taken && i < s->tables->count; i++)
		HASH_CLEAR(hh, s->taken[i].seen);
	return 0;
}

/* --- one row -------------------------------------------------------------- */

struct taking {
	struct sample *sample;
	struct taken *taken;
	size_t most; /* rows to have */
};

static char *text_of(TALLOC_CTX *mem, const char *const *values, int count)
{
	char *text = talloc_strdup(mem, "");

	for (int i = 0; i < count; i++)
		text = values[i] ? talloc_asprintf_append_buffer(
					   text, "%zu:%s,", strlen(values[i]),
					   values[i])
				 : talloc_strdup_append_buffer(text, "-,");
	return text;
}

static int take_row(const char *const *values, int count, void *data)
{
	struct taking *taking = data;
	struct taken *t = taking->taken;
	struct sample *s = taking->sample;
	char *text;
	struct taken_row *row;

	if (t->row_count >= taking->most)
		return 0;
	text = text_of(s, values, count);
	HASH_FIND_STR(t->seen, text, row);
	/* without a key a row may be there twice */
	if (row && db_table_key(t->table)) {
		talloc_free(text);
		return 0;
	}
	row = talloc_zero(s, struct taken_row);
	row->text = text;
	row->values = talloc_array(row, const char *, (unsigned)count);
	for (int i = 0; i < count; i++)
		row->values[i] = arena_copy(s->strings, values[i]);
	HASH_ADD_KEYPTR(hh, t->seen, row->text, strlen(row->text), row);
	if (t->row_count == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->rows = talloc_realloc(s, t->rows, struct taken_row *,
					 (unsigned)t->room);
	}
	t->rows[t->row_count++] = row;
	return 0;
}

static char *select_sql(TALLOC_CTX *mem, const struct taken *t)
{
	char *sql = talloc_strdup(mem, "SELECT ");

	for (size_t i = 0; i < t->count; i++)
		sql = talloc_asprintf_append_buffer(
			sql, "%s%s", i ? ", " : "",
			t->table->columns[t->columns[i]].value);
	return talloc_asprintf_append_buffer(sql, " FROM %s AS t",
					     t->table->from);
}

static int ask(struct sample *s, struct db *db, struct taken *t, size_t most,
	       const char *sql, struct error *err)
{
	struct taking taking = { s, t, most };

	return db->engine->rows->run(db, sql, take_row, &taking, err);
}

/* --- which rows ----------------------------------------------------------- */

/* A bare name would mean the text that is selected. */
static char *order_by(TALLOC_CTX *mem, const struct db_table *t, bool backwards)
{
	const struct db_unique *key = db_table_key(t);
	char *sql = talloc_strdup(mem, "");

	for (size_t i = 0; key && i < key->count; i++)
		sql = talloc_asprintf_append(sql, "%st.%s%s",
					     i ? ", " : " ORDER BY ",
					     t->columns[key->columns[i]].quoted,
					     backwards ? " DESC" : "");
	if (!key && t->order)
		sql = talloc_asprintf_append(sql, " ORDER BY t.%s%s", t->order,
					     backwards ? " DESC" : "");
	return sql;
}

struct bounds {
	bool known;
	int64_t least, most;
};

static int take_bounds(const char *const *values, int count, void *data)
{
	struct bounds *b = data;
	char *end;

	(void)count;
	if (!values[0] || !values[1])
		return 0;
	b->least = strtoll(values[0], &end, 10);
	b->known = !*end;
	b->most = strtoll(values[1], &end, 10);
	b->known &= !*end && b->most > b->least;
	return 0;
}

/* So many parts of a UNION at a time. */
#define POINTS_AT_ONCE 50

/* Point i of n, between the bounds. */
static int64_t point(const struct bounds *b, int64_t i, int64_t n)
{
	uint64_t width = (uint64_t)b->most - (uint64_t)b->least;
	uint64_t part = width / (uint64_t)(n - 1);
	uint64_t rest = width % (uint64_t)(n - 1);

	return (int64_t)((uint64_t)b->least + part * (uint64_t)i +
			 rest * (uint64_t)i / (uint64_t)(n - 1));
}

static int take_points(struct sample *s, struct db *db, struct taken *t,
		       const char *column, const struct bounds *b, int64_t n,
		       struct error *err)
{
	for (int64_t from = 0; from < n; from += POINTS_AT_ONCE) {
		TALLOC_CTX *turn = talloc_new(NULL);
		char *sql = talloc_strdup(turn, ""), *one = select_sql(turn, t);
		int result;

		for (int64_t i = from; i < n && i < from + POINTS_AT_ONCE; i++)
			sql = talloc_asprintf_append_buffer(
				sql,
				"%sSELECT * FROM (%s WHERE t.%s >= %" PRId64
				" ORDER BY t.%s LIMIT 1) AS p%" PRId64,
				i > from ? " UNION ALL " : "", one, column,
				point(b, i, n), column, i);
		result = ask(s, db, t, (size_t)n, sql, err);
		talloc_free(turn);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* The column of a key that is one whole number, or NULL. */
static const struct db_column *whole_key(const struct db_table *t)
{
	const struct db_unique *key = db_table_key(t);
	const struct db_column *c;

	if (!key || key->count != 1)
		return NULL;
	c = &t->columns[key->columns[0]];
	return c->kind == DATUM_INTEGER && !(c->is_unsigned && c->bytes == 8)
		       ? c
		       : NULL;
}

static int take_spread(struct sample *s, struct db *db, struct taken *t,
		       int64_t n, struct error *err)
{
	const struct db_column *c = whole_key(t->table);
	struct bounds b = { 0 };
	char *sql;
	int result;

	if (!c || n < 2)
		return 0;
	sql = talloc_asprintf(NULL, "SELECT MIN(%s), MAX(%s) FROM %s",
			      c->quoted, c->quoted, t->table->from);
	result = db->engine->rows->run(db, sql, take_bounds, &b, err);
	talloc_free(sql);
	if (result < 0 || !b.known)
		return result;
	return take_points(s, db, t, c->quoted, &b, n, err);
}

/* The first or the last ones, until there are so many. */
static int take_end(struct sample *s, struct db *db, struct taken *t,
		    bool backwards, int64_t n, size_t most, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char *sql = talloc_asprintf(turn, "%s%s LIMIT %" PRId64,
				    select_sql(turn, t),
				    order_by(turn, t->table, backwards), n);
	int result = ask(s, db, t, most, sql, err);

	talloc_free(turn);
	return result;
}

static int take_touched(struct sample *s, struct db *db, struct taken *t,
			int64_t n, struct error *err)
{
	bool ordered = db_table_key(t->table) || t->table->order;
	int64_t half = (n + 1) / 2;

	if (!ordered || db_table_key(t->table) == NULL)
		return take_end(s, db, t, false, n, (size_t)n, err);
	if (take_spread(s, db, t, n, err) < 0)
		return -1;
	/* what gaps in the key have left out, and keys of other kinds */
	if (take_end(s, db, t, false, half, (size_t)n, err) < 0 ||
	    take_end(s, db, t, true, half, (size_t)n, err) < 0)
		return -1;
	return (int64_t)t->row_count < n
		       ? take_end(s, db, t, false, n, (size_t)n, err)
		       : 0;
}

/* --- what they refer to --------------------------------------------------- */

static const char *value_in(const struct taken *t, size_t row, size_t column)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->columns[i] == column)
			return t->rows[row]->values[i];
	return NULL;
}

/* What is true of the row's parent: a value for IN (), or a condition; NULL
   when it refers to nothing. */
static char *parent_of(TALLOC_CTX *mem, const struct db *db,
		       const struct taken *t, size_t row,
		       const struct db_reference *r,
		       const struct db_table *parent)
{
	char *text = talloc_strdup(mem, r->count > 1 ? "(" : "");

	for (size_t i = 0; i < r->count; i++) {
		const char *value = value_in(t, row, r->columns[i]);
		char *literal;

		if (!value)
			return NULL;
		literal = db->engine->rows->literal(
			mem, &t->table->columns[r->columns[i]], value);
		if (r->count == 1)
			return literal;
		text = talloc_asprintf_append(
			text, "%s%s = %s", i ? " AND " : "",
			parent->columns[r->parents[i]].quoted, literal);
	}
	return talloc_strdup_append(text, ")");
}

struct wanted {
	char *text;
	UT_hash_handle hh;
};

#define PARENTS_AT_ONCE 200

static int take_parents(struct sample *s, struct db *db, struct taken *parent,
			const struct db_reference *r, const char *which,
			struct error *err)
{
	char *sql = select_sql(NULL, parent);
	int result;

	sql = r->count > 1
		      ? talloc_asprintf_append_buffer(sql, " WHERE %s", which)
		      : talloc_asprintf_append_buffer(
				sql, " WHERE %s IN (%s)",
				parent->table->columns[r->parents[0]].quoted,
				which);
	result = ask(s, db, parent, SIZE_MAX, sql, err);
	talloc_free(sql);
	return result;
}

/* The rows from `from` on, each parent once. */
static int follow(struct sample *s, struct db *db, struct taken *t, size_t from,
		  const struct db_reference *r, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct wanted *all = NULL, *w;
	char *which = talloc_strdup(turn, "");
	size_t n = 0;
	int result = 0;

	for (size_t i = from; result >= 0 && i < t->row_count; i++) {
		char *text = parent_of(turn, db, t, i, r,
				       s->taken[r->table].table);

		if (!text)
			continue;
		HASH_FIND_STR(all, text, w);
		if (w)
			continue;
		w = talloc_zero(turn, struct wanted);
		w->text = text;
		HASH_ADD_KEYPTR(hh, all, w->text, strlen(w->text), w);
		which = talloc_asprintf_append_buffer(which, "%s%s",
						      !n++	     ? ""
						      : r->count > 1 ? " OR "
								     : ", ",
						      text);
		if (n < PARENTS_AT_ONCE)
			continue;
		result = take_parents(s, db, &s->taken[r->table], r, which,
				      err);
		which = talloc_strdup(turn, "");
		n = 0;
	}
	if (result >= 0 && n)
		result = take_parents(s, db, &s->taken[r->table], r, which,
				      err);
	HASH_CLEAR(hh, all);
	talloc_free(turn);
	return result;
}

/* Until no row refers to one that is not there. */
static int follow_all(struct sample *s, struct db *db, struct error *err)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < s->tables->count; i++) {
			struct taken *t = &s->taken[i];
			size_t from = t->followed, count = t->row_count;

			if (from == count)
				continue;
			more = true;
			for (size_t k = 0; k < t->table->reference_count; k++)
				if (follow(s, db, t, from,
					   &t->table->references[k], err) < 0)
					return -1;
			t->followed = count;
		}
	}
	return 0;
}

/* --- taking --------------------------------------------------------------- */

static void choose_columns(struct sample *s, struct taken *t)
{
	t->columns = talloc_array(s, size_t,
				  (unsigned)t->table->column_count + 1);
	for (size_t i = 0; i < t->table->column_count; i++)
		if (!t->table->columns[i].computed)
			t->columns[t->count++] = i;
}

static int take_all(struct sample *s, struct db *db, const char *const *touched,
		    int64_t rows, struct error *err)
{
	if (db->engine->rows->tables(s, db, &s->tables, err) < 0)
		return -1;
	s->taken = talloc_zero_array(s, struct taken,
				     (unsigned)s->tables->count + 1);
	for (size_t i = 0; i < s->tables->count; i++) {
		s->taken[i].table = &s->tables->list[i];
		choose_columns(s, &s->taken[i]);
	}
	for (size_t i = 0; touched[i]; i++) {
		struct db_table *t = db_tables_find(s->tables, touched[i]);

		if (t && take_touched(s, db, &s->taken[t - s->tables->list],
				      rows, err) < 0)
			return -1;
	}
	if (follow_all(s, db, err) < 0)
		return -1;
	s->order_count = fill_order(s, s->tables, touched, &s->order);
	return 0;
}

int sample_take(TALLOC_CTX *mem, struct db *from, const char *const *touched,
		int64_t rows, struct sample **out, struct error *err)
{
	const struct db_rows *engine = from->engine->rows;
	struct sample *s = talloc_zero(mem, struct sample);
	struct error ignored = { 0 };

	*out = s;
	s->label = from->label;
	s->strings = arena_new(s);
	talloc_set_destructor(s, forget);
	if (engine->begin(from, ROWS_READ, err) == 0 &&
	    take_all(s, from, touched, rows, err) == 0)
		return engine->end(from, true, err);
	engine->end(from, false, &ignored);
	return error_prefix(err, "unable to take rows from '%s'", from->label);
}

/* --- loading -------------------------------------------------------------- */

static int differs(const struct sample *s, const char *table,
		   const char *column, struct error *err)
{
	error_set(err, ERROR_REFUSED,
		  "the tables of '%s' are not those that the migrations make: "
		  "there is no %s%s%s in the scratch database",
		  s->label, table, column ? "." : "", column ? column : "");
	return error_hint(err, "prove with rows that are made up: git migrate "
			       "prove --generate 10");
}

static int load_table(const struct sample *s, const struct taken *t,
		      struct db *into, const struct db_tables *tables,
		      struct error *err)
{
	const struct db_table *there = NULL;
	TALLOC_CTX *turn;
	const char **values;
	size_t *columns;
	int result = 0;

	for (size_t i = 0; i < tables->count; i++)
		if (!strcmp(tables->list[i].name, t->table->name))
			there = &tables->list[i];
	if (!there)
		return differs(s, t->table->name, NULL, err);
	turn = talloc_new(NULL);
	columns = talloc_array(turn, size_t, (unsigned)t->count + 1);
	for (size_t i = 0; i < t->count; i++) {
		const char *name = t->table->columns[t->columns[i]].name;

		columns[i] = db_table_column(there, name);
		if (columns[i] == NO_COLUMN)
			result = differs(s, there->name, name, err);
	}
	values = talloc_array(turn, const char *,
			      (unsigned)(t->row_count * t->count) + 1);
	for (size_t r = 0; r < t->row_count; r++)
		memcpy(values + r * t->count, t->rows[r]->values,
		       t->count * sizeof(*values));
	if (result == 0 && t->row_count)
		result = into->engine->rows->load(into, there, columns,
						  t->count, values,
						  t->row_count, err);
	talloc_free(turn);
	return result;
}

/* What stands in the target is what counts, not what migrations put there. */
static int empty(struct db *into, const struct db_tables *tables,
		 struct error *err)
{
	const char **all = talloc_zero_array(NULL, const char *,
					     (unsigned)tables->count + 1);
	size_t *order, count;
	int result = 0;

	for (size_t i = 0; i < tables->count; i++)
		all[i] = tables->list[i].name;
	count = fill_order(all, tables, all, &order);
	while (result >= 0 && count--) {
		const struct db_table *t = &tables->list[order[count]];
		char *sql = talloc_asprintf(all, "DELETE FROM %s", t->into);

		result = into->engine->rows->run(into, sql, NULL, NULL, err);
	}
	talloc_free(all);
	return result < 0 ? -1 : 0;
}

static int load_all(TALLOC_CTX *mem, const struct sample *s, struct db *into,
		    struct proof_data *data, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct db_tables *tables;
	int result = into->engine->rows->tables(turn, into, &tables, err);

	if (result == 0)
		result = empty(into, tables, err);
	for (size_t i = 0; result == 0 && i < s->order_count; i++) {
		const struct taken *t = &s->taken[s->order[i]];

		result = load_table(s, t, into, tables, err);
		if (result == 0 && data)
			fill_note(mem, data, t->table->name,
				  (int64_t)t->row_count,
				  t->row_count ? NULL : "it has none");
	}
	talloc_free(turn);
	return result;
}

int sample_load(TALLOC_CTX *mem, const struct sample *s, struct db *into,
		struct proof_data *data, struct error *err)
{
	const struct db_rows *engine = into->engine->rows;
	struct error ignored = { 0 };

	if (engine->begin(into, ROWS_LOAD, err) == 0 &&
	    load_all(mem, s, into, data, err) == 0)
		return engine->end(into, true, err);
	engine->end(into, false, &ignored);
	return error_prefix(err,
			    "unable to put rows of '%s' into a scratch "
			    "database",
			    s->label);
}
