#include "core/run/rows.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/text.h"

/* --- showing -------------------------------------------------------------- */

#define SHOWN 40

/* Cuts after so many characters, not within one. */
static char *shorten(TALLOC_CTX *mem, const char *text)
{
	size_t n = 0;
	const char *c = text;

	for (; *c && n < SHOWN; n++)
		for (c++; (*c & 0xc0) == 0x80; c++)
			;
	if (!*c)
		return talloc_strdup(mem, text);
	return talloc_asprintf(mem, "%.*s...", (int)(c - text), text);
}

char *rows_shown(TALLOC_CTX *mem, const char *value, bool quoted)
{
	char *visible, *text;

	if (!value)
		return talloc_strdup(mem, "NULL");
	visible = text_visible(NULL, value, false);
	text = shorten(mem, visible);
	talloc_free(visible);
	return quoted ? talloc_asprintf(mem, "'%s'", text) : text;
}

/* "id 3", "(a, b) (1, 2)"; of rows without a key all of the row */
static char *key_text(TALLOC_CTX *mem, const struct row_table *t,
		      const char *const *row)
{
	size_t count = t->key_count ? t->key_count : t->column_count;
	char *values = talloc_strdup(mem, "");
	char *names = talloc_strdup(mem, "");

	for (size_t i = 0; i < count; i++) {
		size_t c = t->key_count ? t->key[i] : i;

		if (strlen(values) > 4 * SHOWN) {
			values = talloc_strdup_append(values, ", ...");
			break;
		}
		values = talloc_asprintf_append(
			values, "%s%s", i ? ", " : "",
			rows_shown(mem, row[c], t->quoted[c]));
		names = talloc_asprintf_append(names, "%s%s", i ? ", " : "",
					       t->columns[c]);
	}
	if (!t->key_count)
		return talloc_asprintf(mem, "(%s)", values);
	return talloc_asprintf(mem, count > 1 ? "(%s) (%s)" : "%s %s", names,
			       values);
}

/* --- comparing ------------------------------------------------------------ */

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* Whole numbers stand first, as people count. */
static int order(const char *a, const char *b)
{
	bool numbers;
	size_t x, y;

	if (!a || !b)
		return (a != NULL) - (b != NULL);
	numbers = is_number(a);
	if (numbers != is_number(b))
		return numbers ? -1 : 1;
	x = strlen(a);
	y = strlen(b);
	return numbers && x != y ? (x > y) - (x < y) : strcmp(a, b);
}

/* The columns that both have, and by which of them rows are told apart. */
struct pairing {
	TALLOC_CTX *mem;
	const char *stage;
	const struct row_table *b, *a; /* before and after */
	size_t *of_b, *of_a;	       /* column numbers, in pairs */
	size_t count;
	size_t *by; /* pairs to sort by */
	size_t by_count;
	bool keyed;
	struct proof_row_difference *list;
	size_t list_count;
};

static struct proof_row_difference *
add(struct pairing *p, enum row_change change, const char *column)
{
	struct proof_row_difference *d;

	p->list = talloc_realloc(p->mem, p->list, struct proof_row_difference,
				 (unsigned)p->list_count + 1);
	d = &p->list[p->list_count++];
	*d = (struct proof_row_difference){
		.stage = p->stage,
		.change = change,
		.table = talloc_strdup(p->mem, p->b ? p->b->name : p->a->name),
		.column = talloc_strdup(p->mem, column),
		.of = p->b ? p->b->rows : 0,
	};
	return d;
}

static struct proof_row *example(struct proof_row_difference *d)
{
	const size_t room = sizeof(d->examples) / sizeof(*d->examples);

	if (!d)
		return NULL;
	d->rows++;
	return d->example_count < room ? &d->examples[d->example_count++]
				       : NULL;
}

static size_t column_named(const struct row_table *t, const char *name)
{
	size_t i = 0;

	while (i < t->column_count && strcmp(t->columns[i], name) != 0)
		i++;
	return i;
}

static void pair_columns(struct pairing *p)
{
	size_t most = p->b->column_count;

	p->of_b = talloc_array(p->mem, size_t, (unsigned)most + 1);
	p->of_a = talloc_array(p->mem, size_t, (unsigned)most + 1);
	p->by = talloc_array(p->mem, size_t, (unsigned)most + 1);
	for (size_t i = 0; i < most; i++) {
		size_t other = column_named(p->a, p->b->columns[i]);

		if (other == p->a->column_count)
			continue;
		p->of_b[p->count] = i;
		p->of_a[p->count++] = other;
	}
}

/* The key, when both have the same; otherwise all columns. */
static void choose_order(struct pairing *p)
{
	p->keyed = p->b->key_count > 0 && p->b->key_count == p->a->key_count;
	for (size_t i = 0; p->keyed && i < p->b->key_count; i++) {
		size_t pair = 0;

		while (pair < p->count && p->of_b[pair] != p->b->key[i])
			pair++;
		if (pair == p->count || p->of_a[pair] != p->a->key[i])
			p->keyed = false;
		else
			p->by[p->by_count++] = pair;
	}
	if (p->keyed)
		return;
	p->by_count = p->count;
	for (size_t i = 0; i < p->count; i++)
		p->by[i] = i;
}

struct sorting {
	const size_t *columns; /* of pairs */
	const struct pairing *p;
};

static int by_columns(const void *a, const void *b, void *data)
{
	const struct sorting *s = data;
	const char *const *x = *(const char *const *const *)a;
	const char *const *y = *(const char *const *const *)b;

	for (size_t i = 0; i < s->p->by_count; i++) {
		size_t c = s->columns[s->p->by[i]];
		int sign = order(x[c], y[c]);

		if (sign)
			return sign;
	}
	return 0;
}

typedef const char *const *row;

static void sort_rows(const struct pairing *p, row *rows, size_t count,
		      const size_t *columns)
{
	struct sorting s = { columns, p };

	if (count)
		qsort_r(rows, count, sizeof(*rows), by_columns, &s);
}

static row *rows_of(const struct pairing *p, const struct row_table *t,
		    const size_t *columns)
{
	row *rows = talloc_array(p->mem, row, (unsigned)t->rows + 1);

	for (size_t i = 0; i < (size_t)t->rows; i++)
		rows[i] = t->values + i * t->column_count;
	sort_rows(p, rows, (size_t)t->rows, columns);
	return rows;
}

static int compare_rows(const struct pairing *p, row b, row a)
{
	for (size_t i = 0; i < p->by_count; i++) {
		size_t pair = p->by[i];
		int sign = order(b[p->of_b[pair]], a[p->of_a[pair]]);

		if (sign)
			return sign;
	}
	return 0;
}

/* One row of each, the same one: which columns are not as before. changed[] has
   a number into the list, from 1, for each pair. */
static void compare_values(struct pairing *p, row b, row a, size_t *changed)
{
	for (size_t i = 0; i < p->count; i++) {
		const char *was = b[p->of_b[i]], *is = a[p->of_a[i]];
		struct proof_row_difference *d;
		struct proof_row *e;

		if (same(was, is))
			continue;
		if (!changed[i]) {
			add(p, ROWS_CHANGED, p->b->columns[p->of_b[i]]);
			changed[i] = p->list_count;
		}
		d = &p->list[changed[i] - 1];
		e = example(d);
		if (!e)
			continue;
		e->key = p->keyed ? key_text(p->mem, p->b, b) : NULL;
		e->expected = rows_shown(p->mem, was, p->b->quoted[p->of_b[i]]);
		e->found = rows_shown(p->mem, is, p->a->quoted[p->of_a[i]]);
	}
}

struct unmatched {
	row *rows;
	size_t count;
};

/* Without a key: columns whose values, taken alone, are not the same ones on
   both sides are what was changed, if all others agree. */
static bool pair_by_the_rest(struct pairing *p, struct unmatched *gone,
			     struct unmatched *extra)
{
	size_t kept = 0;

	if (p->keyed || gone->count != extra->count || !gone->count)
		return false;
	for (size_t i = 0; i < p->count; i++) {
		struct pairing alone = *p;
		bool equal = true;

		alone.by = &i;
		alone.by_count = 1;
		sort_rows(&alone, gone->rows, gone->count, p->of_b);
		sort_rows(&alone, extra->rows, extra->count, p->of_a);
		for (size_t k = 0; equal && k < gone->count; k++)
			equal = !compare_rows(&alone, gone->rows[k],
					      extra->rows[k]);
		if (equal)
			p->by[kept++] = i;
	}
	p->by_count = kept;
	if (!kept || kept == p->count)
		return false;
	sort_rows(p, gone->rows, gone->count, p->of_b);
	sort_rows(p, extra->rows, extra->count, p->of_a);
	for (size_t k = 0; k < gone->count; k++)
		if (compare_rows(p, gone->rows[k], extra->rows[k]))
			return false;
	return true;
}

static void add_unmatched(struct pairing *p, const struct unmatched *u,
			  enum row_change change)
{
	const struct row_table *t = change == ROWS_GONE ? p->b : p->a;
	struct proof_row_difference *d;

	if (!u->count)
		return;
	d = add(p, change, NULL);
	for (size_t i = 0; i < u->count; i++) {
		struct proof_row *e = example(d);

		if (e)
			e->key = key_text(p->mem, t, u->rows[i]);
	}
}

static void compare_kept(struct pairing *p)
{
	row *b, *a;
	size_t nb = (size_t)p->b->rows, na = (size_t)p->a->rows, i = 0, k = 0;
	size_t *changed;
	struct unmatched gone = { 0 }, extra = { 0 };

	pair_columns(p);
	choose_order(p);
	b = rows_of(p, p->b, p->of_b);
	a = rows_of(p, p->a, p->of_a);
	changed = talloc_zero_array(p->mem, size_t, (unsigned)p->count + 1);
	gone.rows = talloc_array(p->mem, row, (unsigned)nb + 1);
	extra.rows = talloc_array(p->mem, row, (unsigned)na + 1);
	while (i < nb || k < na) {
		int sign = i == nb   ? 1
			   : k == na ? -1
				     : compare_rows(p, b[i], a[k]);

		if (sign < 0)
			gone.rows[gone.count++] = b[i++];
		else if (sign > 0)
			extra.rows[extra.count++] = a[k++];
		else
			compare_values(p, b[i++], a[k++], changed);
	}
	if (pair_by_the_rest(p, &gone, &extra)) {
		for (i = 0; i < gone.count; i++)
			compare_values(p, gone.rows[i], extra.rows[i], changed);
		return;
	}
	add_unmatched(p, &gone, ROWS_GONE);
	add_unmatched(p, &extra, ROWS_EXTRA);
}

static void compare_tables(struct pairing *p)
{
	if (!p->a || !p->b) {
		const struct row_table *t = p->b ? p->b : p->a;

		/* the table itself is for the catalog to tell */
		if (t && t->rows)
			add(p, p->b ? ROWS_GONE : ROWS_EXTRA, NULL)->rows =
				t->rows;
	} else if (p->b->kept && p->a->kept) {
		compare_kept(p);
	} else if (p->b->rows != p->a->rows ||
		   !same(p->b->digest, p->a->digest)) {
		add(p, ROWS_OTHER, NULL)->rows = p->a->rows;
	}
}

struct proof_row_difference *rows_compare(TALLOC_CTX *mem, const char *stage,
					  const struct row_image *expected,
					  const struct row_image *found,
					  size_t *count)
{
	struct pairing p = { .mem = mem, .stage = stage };
	size_t i = 0, k = 0;

	while (i < expected->count || k < found->count) {
		const struct row_table *b = &expected->tables[i];
		const struct row_table *a = &found->tables[k];
		int sign = i == expected->count ? 1
			   : k == found->count	? -1
						: strcmp(b->name, a->name);
		struct pairing one = { .mem = mem,
				       .stage = stage,
				       .b = sign <= 0 ? b : NULL,
				       .a = sign >= 0 ? a : NULL,
				       .list = p.list,
				       .list_count = p.list_count };

		compare_tables(&one);
		p.list = one.list;
		p.list_count = one.list_count;
		i += sign <= 0;
		k += sign >= 0;
	}
	*count = p.list_count;
	return p.list;
}

/* --- reading -------------------------------------------------------------- */

#define KEPT_TOUCHED 1000000
#define KEPT_OTHERS 20000

struct taking {
	struct arena *strings;
	const char **values;
	size_t count, room;
};

static int take_row(const char *const *values, int count, void *data)
{
	struct taking *t = data;

	if (t->count + (size_t)count > t->room) {
		t->room = t->room ? 2 * t->room : 64;
		while (t->room < t->count + (size_t)count)
			t->room *= 2;
		t->values = talloc_realloc(t->strings, t->values, const char *,
					   (unsigned)t->room);
	}
	for (int i = 0; i < count; i++)
		t->values[t->count++] = arena_copy(t->strings, values[i]);
	return 0;
}

static bool is_touched(const char *const *touched, const char *name)
{
	for (; touched && *touched; touched++)
		if (!strcmp(*touched, name))
			return true;
	return false;
}

static char *select_sql(TALLOC_CTX *mem, const struct db_table *t)
{
	char *sql = talloc_strdup(mem, "SELECT ");
	const char *comma = "";

	for (size_t i = 0; i < t->column_count; i++) {
		if (t->columns[i].computed)
			continue;
		sql = talloc_asprintf_append_buffer(sql, "%s%s", comma,
						    t->columns[i].value);
		comma = ", ";
	}
	return talloc_asprintf_append_buffer(sql, " FROM %s", t->from);
}

/* The columns that are written; computed ones follow from them. */
static void describe(TALLOC_CTX *mem, const struct db *db,
		     const struct db_table *t, struct row_table *out)
{
	const struct db_unique *key = db_table_key(t);
	size_t *numbers = talloc_zero_array(mem, size_t,
					    (unsigned)t->column_count + 1);

	out->name = talloc_strdup(mem, t->name);
	out->rows = t->rows;
	out->columns = talloc_array(mem, const char *,
				    (unsigned)t->column_count + 1);
	out->quoted = talloc_array(mem, bool, (unsigned)t->column_count + 1);
	for (size_t i = 0; i < t->column_count; i++) {
		const struct db_column *c = &t->columns[i];

		if (c->computed)
			continue;
		numbers[i] = out->column_count;
		out->columns[out->column_count] = talloc_strdup(mem, c->name);
		out->quoted[out->column_count++] =
			!db->engine->rows->literals && !datum_is_bare(c->kind);
	}
	for (size_t i = 0; key && i < key->count; i++)
		if (t->columns[key->columns[i]].computed)
			key = NULL;
	out->key = talloc_array(mem, size_t, key ? (unsigned)key->count : 1);
	for (size_t i = 0; key && i < key->count; i++)
		out->key[out->key_count++] = numbers[key->columns[i]];
}

static int read_table(TALLOC_CTX *mem, struct db *db, const struct db_table *t,
		      struct row_table *out, struct error *err)
{
	struct taking taking = { .strings = arena_new(mem) };
	char *sql;
	int result;

	out->kept = true;
	if (!t->rows || !out->column_count) {
		out->rows = 0;
		return 0;
	}
	sql = select_sql(mem, t);
	result = db->engine->rows->run(db, sql, take_row, &taking, err);
	talloc_free(sql);
	out->values = taking.values;
	out->rows = (int64_t)(taking.count / out->column_count);
	return result;
}

static const char *digest_of(TALLOC_CTX *mem,
			     const struct db_contents *contents,
			     const struct db_table *t)
{
	char *all = NULL;

	for (size_t i = 0; i < contents->count; i++) {
		const struct db_content *c = &contents->tables[i];
		bool part = false;

		for (size_t k = 0; k < t->part_count && !part; k++)
			part = !strcmp(t->parts[k], c->table);
		if (part)
			all = talloc_asprintf(mem, "%s %s", all ? all : "",
					      c->digest);
		else if (!strcmp(c->table, t->name) && !t->part_count)
			return talloc_strdup(mem, c->digest);
	}
	return all;
}

/* What is too large to be kept is read once more, by the database itself. */
static int add_digests(TALLOC_CTX *mem, struct db *db,
		       const struct db_tables *tables, struct row_image *image,
		       struct error *err)
{
	struct db_contents *contents;
	bool wanted = false;

	for (size_t i = 0; i < image->count; i++)
		wanted |= !image->tables[i].kept;
	if (!wanted || !db->engine->contents)
		return 0;
	if (db->engine->contents(mem, db, &contents, err) < 0)
		return -1;
	for (size_t i = 0; i < image->count; i++)
		if (!image->tables[i].kept)
			image->tables[i].digest = digest_of(mem, contents,
							    &tables->list[i]);
	return 0;
}

static int read_all(TALLOC_CTX *mem, struct db *db, const char *const *touched,
		    struct db_tables **tables, struct row_image *image,
		    struct error *err)
{
	if (db->engine->rows->tables(mem, db, tables, err) < 0 ||
	    db_tables_count(db, *tables, err) < 0)
		return -1;
	image->count = (*tables)->count;
	image->tables = talloc_zero_array(mem, struct row_table,
					  (unsigned)image->count + 1);
	for (size_t i = 0; i < image->count; i++) {
		const struct db_table *t = &(*tables)->list[i];
		int64_t most = is_touched(touched, t->name) ? KEPT_TOUCHED
							    : KEPT_OTHERS;

		describe(mem, db, t, &image->tables[i]);
		if (t->rows <= most &&
		    read_table(mem, db, t, &image->tables[i], err) < 0)
			return -1;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row_table *)a)->name,
		      ((const struct row_table *)b)->name);
}

int rows_read(TALLOC_CTX *mem, struct db *db, const char *const *touched,
	      struct row_image **out, struct error *err)
{
	const struct db_rows *engine = db->engine->rows;
	struct row_image *image = talloc_zero(mem, struct row_image);
	struct error ignored = { 0 };
	struct db_tables *tables;

	*out = image;
	if (engine->begin(db, ROWS_READ, err) < 0)
		return -1;
	if (read_all(image, db, touched, &tables, image, err) < 0) {
		engine->end(db, false, &ignored);
		return error_prefix(err, "unable to read the rows of '%s'",
				    db->label);
	}
	if (engine->end(db, true, err) < 0 ||
	    add_digests(image, db, tables, image, err) < 0)
		return -1;
	talloc_free(tables);
	if (image->count)
		qsort(image->tables, image->count, sizeof(*image->tables),
		      by_name);
	return 0;
}
