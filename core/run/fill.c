#include "core/run/fill.h"

#include <stdlib.h>
#include <string.h>

#include "core/run/generate.h"

/* --- which tables --------------------------------------------------------- */

struct walk {
	const struct db_tables *tables;
	bool *wanted, *done;
};

static void want(struct walk *w, size_t table)
{
	const struct db_table *t = &w->tables->list[table];

	if (w->wanted[table])
		return;
	w->wanted[table] = true;
	for (size_t i = 0; i < t->reference_count; i++)
		want(w, t->references[i].table);
}

/* Whether a row has to refer to one. */
static bool is_firm(const struct db_table *t, const struct db_reference *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (!t->columns[r->columns[i]].not_null)
			return false;
	return true;
}

/* Whether all that it refers to is done; `firmly`: all that it has to. */
static bool is_ready(const struct walk *w, size_t table, bool firmly)
{
	const struct db_table *t = &w->tables->list[table];

	for (size_t i = 0; i < t->reference_count; i++)
		if (t->references[i].table != table &&
		    !w->done[t->references[i].table] &&
		    (!firmly || is_firm(t, &t->references[i])))
			return false;
	return true;
}

/* The next one: `how` 0 when all is ready for it, 1: all that it needs, 2: in
   any case. */
static bool next_table(const struct walk *w, int how, size_t *next)
{
	for (size_t i = 0; i < w->tables->count; i++)
		if (w->wanted[i] && !w->done[i] &&
		    (how == 2 || is_ready(w, i, how == 1))) {
			*next = i;
			return true;
		}
	return false;
}

size_t fill_order(TALLOC_CTX *mem, const struct db_tables *tables,
		  const char *const *touched, size_t **order)
{
	unsigned room = (unsigned)tables->count + 1;
	struct walk w = {
		.tables = tables,
		.wanted = talloc_zero_array(mem, bool, room),
		.done = talloc_zero_array(mem, bool, room),
	};
	size_t count = 0, next = 0;

	*order = talloc_array(mem, size_t, room);
	for (; *touched; touched++)
		for (size_t i = 0; i < tables->count; i++)
			if (!strcmp(tables->list[i].name, *touched))
				want(&w, i);
	while (next_table(&w, 0, &next) || next_table(&w, 1, &next) ||
	       next_table(&w, 2, &next)) {
		w.done[next] = true;
		(*order)[count++] = next;
	}
	return count;
}

struct proof_table *fill_note(TALLOC_CTX *mem, struct proof_data *data,
			      const char *table, int64_t rows,
			      const char *reason)
{
	struct proof_table *t;

	data->tables = talloc_realloc(mem, data->tables, struct proof_table,
				      (unsigned)data->table_count + 1);
	t = &data->tables[data->table_count++];
	*t = (struct proof_table){
		.name = talloc_strdup(mem, table),
		.rows = rows,
		.reason = talloc_strdup(mem, reason),
	};
	return t;
}

/* --- making rows ---------------------------------------------------------- */

#define ATTEMPTS_FIRST 200
#define ATTEMPTS 12
#define PARENTS 100

/* Values of parents that a reference may take, as the database gave them. */
struct parents {
	const char **values;
	size_t count; /* of rows */
	size_t width;
};

struct making {
	TALLOC_CTX *mem; /* of this table */
	const struct fill *fill;
	const struct db_tables *tables;
	const struct db_table *table, *later; /* later: or NULL */
	struct db_column *columns;	      /* with what `later` asks for */
	bool *distinct;
	size_t *written, written_count; /* those that get values */
	struct db_reference *references;
	size_t reference_count;
	struct parents *parents; /* one a reference */
	const char **good;	 /* a row that was taken, or NULL */
	char *failure;		 /* of the last try */
	int64_t made;
};

static bool is_fatal(const struct error *err)
{
	return err->code == ERROR_CONNECTION || err->code == ERROR_INTERRUPTED;
}

static int run(const struct making *m, const char *sql, struct error *err)
{
	return m->fill->db->engine->rows->run(m->fill->db, sql, NULL, NULL,
					      err);
}

/* 1 when the database refused it: nothing of it is left then. */
static int attempt(struct making *m, const char *sql, struct error *err)
{
	struct error refusal = { 0 };

	if (run(m, "SAVEPOINT git_migrate_row", err) < 0)
		return -1;
	if (run(m, sql, &refusal) >= 0)
		return run(m, "RELEASE SAVEPOINT git_migrate_row", err);
	if (is_fatal(&refusal)) {
		*err = refusal;
		return -1;
	}
	talloc_free(m->failure);
	m->failure = talloc_strdup(m->mem, refusal.message);
	error_release(&refusal);
	return run(m, "ROLLBACK TO SAVEPOINT git_migrate_row", err) < 0 ? -1
									: 1;
}

/* What both states of a column can hold. */
static struct db_column narrowed(const struct db_column *now,
				 const struct db_column *later)
{
	struct db_column c = *now;

	c.not_null |= later->not_null;
	if (later->length && (!c.length || later->length < c.length))
		c.length = later->length;
	if (later->bytes && later->bytes < c.bytes)
		c.bytes = later->bytes;
	c.is_unsigned |= later->is_unsigned;
	if (later->precision &&
	    (!c.precision || later->precision < c.precision)) {
		c.precision = later->precision;
		c.scale = later->scale;
	}
	if (c.kind == DATUM_TEXT && later->kind != DATUM_OTHER &&
	    later->kind != DATUM_BYTES) {
		c.kind = later->kind;
		c.bytes = later->bytes ? later->bytes : 4;
	}
	if (later->label_count) {
		c.labels = later->labels;
		c.label_count = later->label_count;
	}
	return c;
}

static void choose_columns(struct making *m)
{
	const struct db_table *t = m->table;
	bool tame = m->fill->tame && m->later;

	m->columns = talloc_array(m->mem, struct db_column,
				  (unsigned)t->column_count + 1);
	m->written = talloc_array(m->mem, size_t,
				  (unsigned)t->column_count + 1);
	for (size_t i = 0; i < t->column_count; i++) {
		const struct db_column *c = &t->columns[i];
		size_t other = tame ? db_table_column(m->later, c->name)
				    : NO_COLUMN;

		m->columns[i] = other == NO_COLUMN
					? *c
					: narrowed(c,
						   &m->later->columns[other]);
		/* what cannot be made up is left to its default */
		if (!c->computed && !c->counted &&
		    !(c->kind == DATUM_OTHER && c->has_default))
			m->written[m->written_count++] = i;
	}
	for (size_t i = 0; !m->written_count && i < t->column_count; i++)
		if (t->columns[i].counted)
			m->written[m->written_count++] = i;
}

static void mark_distinct(struct making *m, const struct db_table *t)
{
	for (size_t i = 0; i < t->unique_count; i++)
		for (size_t k = 0; k < t->uniques[i].count; k++) {
			size_t c = t->uniques[i].columns[k];
			size_t own = db_table_column(m->table,
						     t->columns[c].name);

			if (own != NO_COLUMN)
				m->distinct[own] = true;
		}
}

static void add_reference(struct making *m, const struct db_reference *r)
{
	m->references = talloc_realloc(m->mem, m->references,
				       struct db_reference,
				       (unsigned)m->reference_count + 1);
	m->references[m->reference_count++] = *r;
}

/* One that will be there, in the numbers of the tables that are. */
static void add_later_reference(struct making *m, const struct db_tables *later,
				const struct db_reference *r)
{
	const struct db_table *parent = &later->list[r->table];
	struct db_reference own = *r;

	own.table = 0;
	while (own.table < m->tables->count &&
	       strcmp(m->tables->list[own.table].name, parent->name) != 0)
		own.table++;
	if (own.table == m->tables->count)
		return;
	own.columns = talloc_array(m->mem, size_t, (unsigned)r->count);
	own.parents = talloc_array(m->mem, size_t, (unsigned)r->count);
	for (size_t i = 0; i < r->count; i++) {
		own.columns[i] = db_table_column(
			m->table, m->later->columns[r->columns[i]].name);
		own.parents[i] =
			db_table_column(&m->tables->list[own.table],
					parent->columns[r->parents[i]].name);
		if (own.columns[i] == NO_COLUMN || own.parents[i] == NO_COLUMN)
			return;
	}
	add_reference(m, &own);
}

static int take_parent(const char *const *values, int count, void *data)
{
	struct parents *p = data;
	size_t at = p->count * p->width;

	(void)count;
	p->values = talloc_realloc(NULL, p->values, const char *,
				   (unsigned)(at + p->width));
	for (size_t i = 0; i < p->width; i++)
		p->values[at + i] = talloc_strdup(p->values, values[i]);
	p->count++;
	return 0;
}

/* The first of them: those that were made one after the other. */
static int read_parents(struct making *m, size_t n, struct error *err)
{
	const struct db_reference *r = &m->references[n];
	const struct db_table *parent = &m->tables->list[r->table];
	struct parents *p = &m->parents[n];
	char *sql = talloc_strdup(m->mem, "SELECT DISTINCT "), *where;

	talloc_free(p->values);
	*p = (struct parents){ .width = r->count };
	where = talloc_strdup(m->mem, "");
	for (size_t i = 0; i < r->count; i++) {
		const struct db_column *c = &parent->columns[r->parents[i]];

		sql = talloc_asprintf_append(sql, "%s%s", i ? ", " : "",
					     c->value);
		where = talloc_asprintf_append(where, "%s%s IS NOT NULL",
					       i ? " AND " : "", c->quoted);
	}
	sql = talloc_asprintf_append(sql,
				     " FROM %s WHERE %s ORDER BY 1 "
				     "LIMIT %d",
				     parent->from, where, PARENTS);
	return m->fill->db->engine->rows->run(m->fill->db, sql, take_parent, p,
					      err);
}

/* --- one row -------------------------------------------------------------- */

static size_t position_of(const struct making *m, size_t column)
{
	for (size_t i = 0; i < m->written_count; i++)
		if (m->written[i] == column)
			return i;
	return NO_COLUMN;
}

static void set(struct making *m, const char **row, size_t column,
		const char *value)
{
	size_t at = position_of(m, column);

	if (at != NO_COLUMN)
		row[at] = value;
}

static const char *get(struct making *m, const char **row, size_t column)
{
	size_t at = position_of(m, column);

	return at == NO_COLUMN ? NULL : row[at];
}

/* A row that refers to nothing, or to itself when it has to refer. */
static void refer_to_nothing(struct making *m, const char **row,
			     const struct db_reference *r)
{
	bool nullable = false;

	for (size_t i = 0; i < r->count && !nullable; i++)
		if (!m->columns[r->columns[i]].not_null) {
			set(m, row, r->columns[i], NULL);
			nullable = true;
		}
	for (size_t i = 0; i < r->count && !nullable; i++)
		if (&m->tables->list[r->table] == m->table)
			set(m, row, r->columns[i], get(m, row, r->parents[i]));
}

static void refer(struct making *m, const char **row, size_t n, uint64_t number,
		  unsigned tries)
{
	const struct db_reference *r = &m->references[n];
	const struct parents *p = &m->parents[n];
	bool one_each = false, null = false;
	size_t chosen;

	for (size_t i = 0; i < r->count; i++) {
		one_each |= m->distinct[r->columns[i]];
		/* as the value that was made up for it */
		null |= !m->columns[r->columns[i]].not_null &&
			!get(m, row, r->columns[i]);
	}
	if (!p->count || null) {
		refer_to_nothing(m, row, r);
		return;
	}
	chosen = (size_t)(one_each ? number + tries : number * 7 + tries * 3) %
		 p->count;
	for (size_t i = 0; i < r->count; i++)
		set(m, row, r->columns[i], p->values[chosen * r->count + i]);
}

static const char *made_up(struct making *m, size_t column, uint64_t number,
			   unsigned tries)
{
	const struct db_rows *engine = m->fill->db->engine->rows;
	const struct value_wish wish = {
		.column = &m->columns[column],
		.tables = { m->table, m->later },
		/* the fifth is the first once more where that may be */
		.number = number == 4 && !m->distinct[column] ? 0 : number,
		.attempt = tries,
		.distinct = m->distinct[column],
		.tame = m->fill->tame,
		.words = m->fill->words,
		.word_count = m->fill->word_count,
	};
	char *plain = generate_value(m->mem, &wish);

	return plain ? engine->form(m->mem, &m->table->columns[column], plain)
		     : NULL;
}

/* "user17@example.com" of "user3@example.com": as long when that can be. */
static const char *varied(struct making *m, const char *good, uint64_t number)
{
	size_t before = good ? strcspn(good, "0123456789") : 0, length;

	if (!good || !good[before])
		return NULL;
	length = strspn(good + before, "0123456789");
	return talloc_asprintf(m->mem, "%.*s%0*llu%s", (int)before, good,
			       (int)length, (unsigned long long)number,
			       good + before + length);
}

/* After a row that was taken others are like it, the more often they were
   refused, but for what has to be distinct. */
static const char *like_the_good(struct making *m, size_t i, uint64_t number,
				 unsigned tries, bool *found)
{
	size_t column = m->written[i];
	const char *value = NULL;

	*found = false;
	if (!m->good || !tries)
		return NULL;
	if (m->distinct[column]) {
		if (tries > 1 && m->columns[column].kind == DATUM_TEXT)
			value = varied(m, m->good[i], number + tries);
		*found = value != NULL;
		return value;
	}
	*found = (number + i * 7 + tries) % (1u << (tries < 6 ? tries : 6)) !=
		 0;
	return m->good[i];
}

static void make_row(struct making *m, const char **row, uint64_t number,
		     unsigned tries)
{
	for (size_t i = 0; i < m->written_count; i++) {
		bool found;

		row[i] = like_the_good(m, i, number, tries, &found);
		if (!found)
			row[i] = m->table->columns[m->written[i]].counted
					 ? NULL
					 : made_up(m, m->written[i], number,
						   tries);
	}
	for (size_t i = 0; i < m->reference_count; i++)
		refer(m, row, i, number, tries);
}

static int insert(struct making *m, const char *const *values, size_t rows,
		  struct error *err)
{
	char *sql = db_insert_sql(m->mem, m->fill->db, m->table, m->written,
				  m->written_count, values, rows);
	int result = attempt(m, sql, err);

	if (result == 0)
		m->made += (int64_t)rows;
	talloc_free(sql);
	return result;
}

/* What was refused together may be taken one by one, with other values. */
static int make_one_by_one(struct making *m, uint64_t from, struct error *err)
{
	const char **row = talloc_array(m->mem, const char *,
					(unsigned)m->written_count + 1);

	for (uint64_t n = from; n < (uint64_t)m->fill->rows; n++) {
		unsigned most = m->made ? ATTEMPTS : ATTEMPTS_FIRST;
		int result = 1;

		for (unsigned i = 0; result > 0 && i < most; i++) {
			make_row(m, row, n, i);
			result = insert(m, row, 1, err);
		}
		if (result < 0)
			return -1;
		if (result == 0)
			m->good = talloc_memdup(
				m->mem, row, m->written_count * sizeof(*row));
		if (!m->made)
			return 0;
	}
	return 0;
}

static int make_together(struct making *m, uint64_t from, struct error *err)
{
	size_t rows = (size_t)m->fill->rows - (size_t)from;
	const char **values = talloc_array(
		m->mem, const char *, (unsigned)(rows * m->written_count) + 1);
	int result;

	for (size_t i = 0; i < rows; i++)
		make_row(m, values + i * m->written_count, from + i, 0);
	result = insert(m, values, rows, err);
	return result > 0 ? make_one_by_one(m, from, err) : result;
}

/* Those that the table will not take any more. What cannot be asked of it as
   it is now says nothing. */
static int remove_unfit(struct making *m, struct error *err)
{
	for (size_t i = 0; m->later && i < m->later->rule_count; i++) {
		char *sql;
		int result;

		if (!m->later->rules[i].evaluable)
			continue;
		sql = talloc_asprintf(m->mem, "DELETE FROM %s WHERE NOT (%s)",
				      m->table->into, m->later->rules[i].text);
		result = attempt(m, sql, err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* --- one table ------------------------------------------------------------ */

static int prepare(struct making *m, struct error *err)
{
	const struct db_tables *later = m->fill->later;

	m->later = NULL;
	for (size_t i = 0; later && i < later->count; i++)
		if (!strcmp(later->list[i].name, m->table->name))
			m->later = &later->list[i];
	choose_columns(m);
	m->distinct = talloc_zero_array(m->mem, bool,
					(unsigned)m->table->column_count + 1);
	mark_distinct(m, m->table);
	for (size_t i = 0; i < m->table->reference_count; i++)
		add_reference(m, &m->table->references[i]);
	if (m->later && m->fill->tame) {
		mark_distinct(m, m->later);
		for (size_t i = 0; i < m->later->reference_count; i++)
			add_later_reference(m, later, &m->later->references[i]);
	}
	m->parents = talloc_zero_array(m->mem, struct parents,
				       (unsigned)m->reference_count + 1);
	for (size_t i = 0; i < m->reference_count; i++)
		if (read_parents(m, i, err) < 0)
			return -1;
	return 0;
}

/* Rows of a table that refers to itself begin with one that does not. */
static int make_root(struct making *m, uint64_t *from, struct error *err)
{
	bool itself = false;

	for (size_t i = 0; i < m->reference_count; i++)
		itself |= &m->tables->list[m->references[i].table] == m->table;
	if (!itself || m->fill->rows < 2)
		return 0;
	for (unsigned i = 0; i < ATTEMPTS && !m->made; i++) {
		const char **row = talloc_array(m->mem, const char *,
						(unsigned)m->written_count + 1);

		make_row(m, row, 0, i);
		if (insert(m, row, 1, err) < 0)
			return -1;
	}
	*from = m->made ? 1 : 0;
	for (size_t i = 0; i < m->reference_count; i++)
		if (read_parents(m, i, err) < 0)
			return -1;
	return 0;
}

/* "check constraint positive", out of what the server said. */
static char *reason_of(const struct making *m)
{
	static const struct {
		const char *before, *after;
	} forms[] = {
		{ "violates check constraint \"", "\"" },
		{ "CHECK constraint failed: ", "" },
		{ "CONSTRAINT `", "` failed" },
	};

	for (size_t i = 0; m->failure && i < sizeof(forms) / sizeof(*forms);
	     i++) {
		const char *begin = strstr(m->failure, forms[i].before), *end;

		if (!begin)
			continue;
		begin += strlen(forms[i].before);
		end = *forms[i].after ? strstr(begin, forms[i].after)
				      : begin + strlen(begin);
		if (end)
			return talloc_asprintf(m->mem, "check constraint %.*s",
					       (int)(end - begin), begin);
	}
	return talloc_strdup(m->mem, m->failure ? m->failure : "no values");
}

static int take_count(const char *const *values, int count, void *data)
{
	(void)count;
	*(int64_t *)data = strtoll(values[0], NULL, 10);
	return 0;
}

static int count_made(struct making *m, struct error *err)
{
	char *sql = talloc_asprintf(m->mem, "SELECT count(*) FROM %s",
				    m->table->from);

	return m->fill->db->engine->rows->run(m->fill->db, sql, take_count,
					      &m->made, err);
}

static int make_rows(struct making *m, struct error *err)
{
	uint64_t from = 0;

	if (prepare(m, err) < 0 || make_root(m, &from, err) < 0)
		return -1;
	if (make_together(m, from, err) < 0)
		return -1;
	if (m->fill->tame && remove_unfit(m, err) < 0)
		return -1;
	return count_made(m, err);
}

static int fill_table(TALLOC_CTX *mem, const struct fill *fill,
		      const struct db_tables *tables, struct db_table *table,
		      struct proof_data *data, struct error *err)
{
	struct making m = {
		.mem = talloc_new(NULL),
		.fill = fill,
		.tables = tables,
		.table = table,
	};
	int result = table->rows ? 0 : make_rows(&m, err);

	if (result == 0 && table->rows)
		fill_note(mem, data, table->name, table->rows, NULL);
	else if (result == 0)
		fill_note(mem, data, table->name, m.made,
			  m.made ? NULL : reason_of(&m))
			->made = true;
	for (size_t i = 0; i < m.reference_count && m.parents; i++)
		talloc_free(m.parents[i].values);
	talloc_free(m.mem);
	return result;
}

static int fill_all(TALLOC_CTX *mem, const struct fill *fill,
		    struct proof_data *data, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	const struct db_rows *engine = fill->db->engine->rows;
	struct db_tables *tables;
	size_t *order, count;
	int result = engine->tables(turn, fill->db, &tables, err);

	if (result == 0)
		result = db_tables_count(fill->db, tables, err);
	if (result == 0) {
		count = fill_order(turn, tables, fill->touched, &order);
		for (size_t i = 0; result == 0 && i < count; i++)
			result = fill_table(mem, fill, tables,
					    &tables->list[order[i]], data, err);
	}
	talloc_free(turn);
	return result;
}

int fill_generate(TALLOC_CTX *mem, const struct fill *fill,
		  struct proof_data *data, struct error *err)
{
	const struct db_rows *engine = fill->db->engine->rows;
	struct error ignored = { 0 };

	if (engine->begin(fill->db, ROWS_MAKE, err) < 0)
		return -1;
	if (fill_all(mem, fill, data, err) == 0)
		return engine->end(fill->db, true, err);
	engine->end(fill->db, false, &ignored);
	return error_prefix(err, "unable to make up rows");
}

static int empty_all(const struct fill *fill, const struct proof_data *data,
		     struct error *err)
{
	const struct db_rows *engine = fill->db->engine->rows;
	TALLOC_CTX *turn = talloc_new(NULL);
	struct db_tables *tables;
	int result = engine->tables(turn, fill->db, &tables, err);

	for (size_t i = data->table_count; result >= 0 && i--;) {
		const struct db_table *t = db_tables_find(tables,
							  data->tables[i].name);

		if (t && data->tables[i].made)
			result = engine->run(fill->db,
					     talloc_asprintf(turn,
							     "DELETE FROM %s",
							     t->into),
					     NULL, NULL, err);
	}
	talloc_free(turn);
	return result < 0 ? -1 : 0;
}

int fill_empty(const struct fill *fill, const struct proof_data *data,
	       struct error *err)
{
	const struct db_rows *engine = fill->db->engine->rows;
	struct error ignored = { 0 };

	if (engine->begin(fill->db, ROWS_LOAD, err) < 0)
		return -1;
	if (empty_all(fill, data, err) == 0)
		return engine->end(fill->db, true, err);
	engine->end(fill->db, false, &ignored);
	return error_prefix(err, "unable to take rows out again");
}
