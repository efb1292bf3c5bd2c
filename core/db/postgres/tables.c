#include "core/db/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

/* What the rows of each table are made of, in one round trip. */

struct reading {
	struct db_tables *tables;
	long *oids; /* of the tables, in their order */
	/* partitions that are not at the top, and what they belong to */
	struct part {
		long oid, parent;
	} * parts;
	size_t part_count;
};

static struct db_table *table_of(const struct reading *r, const char *oid)
{
	long number = strtol(oid, NULL, 10);

	for (size_t i = r->part_count; i--;)
		if (r->parts[i].oid == number) {
			number = r->parts[i].parent;
			i = r->part_count;
		}
	for (size_t i = 0; i < r->tables->count; i++)
		if (r->oids[i] == number)
			return &r->tables->list[i];
	return NULL;
}

static bool is_true(const char *value)
{
	return value && *value == 't';
}

static int take_table(const char *const *values, int count, void *data)
{
	struct reading *r = data;
	struct db_tables *tables = r->tables;
	bool parted = *values[3] == 'p';
	struct db_table *t;
	char *full;

	(void)count;
	if (db_is_own_table(values[2]))
		return 0;
	t = db_tables_add(tables);
	r->oids = talloc_realloc(tables, r->oids, long,
				 (unsigned)tables->count);
	r->oids[tables->count - 1] = strtol(values[0], NULL, 10);
	full = talloc_asprintf(tables, "%s.%s", pg_quote(tables, values[1]),
			       pg_quote(tables, values[2]));
	t->name = !strcmp(values[1], "public")
			  ? talloc_strdup(tables, values[2])
			  : talloc_asprintf(tables, "%s.%s", values[1],
					    values[2]);
	t->into = full;
	t->from = parted ? full : talloc_asprintf(tables, "ONLY %s", full);
	return 0;
}

/* --- columns -------------------------------------------------------------- */

static const struct {
	const char *type;
	enum datum_kind kind;
	int bytes;
} kinds[] = {
	{ "int2", DATUM_INTEGER, 2 },
	{ "int4", DATUM_INTEGER, 4 },
	{ "int8", DATUM_INTEGER, 8 },
	{ "oid", DATUM_INTEGER, 2 },
	{ "numeric", DATUM_NUMBER, 0 },
	{ "money", DATUM_NUMBER, 0 },
	{ "float4", DATUM_FLOAT, 0 },
	{ "float8", DATUM_FLOAT, 0 },
	{ "bool", DATUM_BOOLEAN, 0 },
	{ "text", DATUM_TEXT, 0 },
	{ "varchar", DATUM_TEXT, 0 },
	{ "bpchar", DATUM_TEXT, 0 },
	{ "name", DATUM_TEXT, 0 },
	{ "citext", DATUM_TEXT, 0 },
	{ "bytea", DATUM_BYTES, 0 },
	{ "bit", DATUM_BITS, 0 },
	{ "varbit", DATUM_BITS, 0 },
	{ "date", DATUM_DATE, 0 },
	{ "time", DATUM_TIME, 0 },
	{ "timetz", DATUM_TIME, 0 },
	{ "timestamp", DATUM_TIMESTAMP, 0 },
	{ "timestamptz", DATUM_TIMESTAMP, 0 },
	{ "interval", DATUM_INTERVAL, 0 },
	{ "uuid", DATUM_UUID, 0 },
	{ "json", DATUM_JSON, 0 },
	{ "jsonb", DATUM_JSON, 0 },
	{ "inet", DATUM_ADDRESS, 0 },
	{ "cidr", DATUM_NETWORK, 0 },
};

static enum datum_kind kind_of(const char *type, const char *typtype,
			       int *bytes)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].type, type)) {
			*bytes = kinds[i].bytes;
			return kinds[i].kind;
		}
	if (*typtype == 'e')
		return DATUM_LABEL;
	return *typtype == 'r' || *typtype == 'm' ? DATUM_RANGE : DATUM_OTHER;
}

static void set_bounds(struct db_column *c, const char *type, int typmod)
{
	if (typmod < 0)
		return;
	if (c->kind == DATUM_TEXT && typmod > 4)
		c->length = typmod - 4;
	if (c->kind == DATUM_BITS)
		c->length = typmod;
	if (!strcmp(type, "numeric")) {
		c->precision = (typmod - 4) >> 16;
		c->scale = (typmod - 4) & 0x7ff;
	}
}

static int take_column(const char *const *values, int count, void *data)
{
	struct reading *r = data;
	struct db_tables *tables = r->tables;
	struct db_table *t = NULL;
	struct db_column *c;
	long oid = strtol(values[0], NULL, 10);

	(void)count;
	for (size_t i = 0; i < tables->count; i++)
		if (r->oids[i] == oid)
			t = &tables->list[i];
	if (!t)
		return 0;
	c = db_table_add_column(tables, t);
	c->name = talloc_strdup(tables, values[1]);
	c->quoted = pg_quote(tables, values[1]);
	c->value = talloc_asprintf(tables, "%s::text", c->quoted);
	c->type = talloc_strdup(tables, values[2]);
	c->kind = kind_of(values[3], values[4], &c->bytes);
	set_bounds(c, values[3], atoi(values[6]));
	c->not_null = is_true(values[7]);
	c->computed = is_true(values[8]);
	c->counted = is_true(values[9]);
	c->has_default = is_true(values[10]);
	if (*values[5] == 'A' && values[11]) {
		int bytes;

		c->kind = DATUM_ARRAY;
		c->element = kind_of(values[11], values[12] ? "e" : "b",
				     &bytes);
		c->length = 0;
	}
	db_column_set_labels(tables, c, values[12]);
	c->counter = talloc_strdup(tables, values[13]);
	return 0;
}

/* --- ties ----------------------------------------------------------------- */

static void add_part(struct reading *r, struct db_table *t,
		     const char *const *values)
{
	struct db_tables *tables = r->tables;

	r->parts = talloc_realloc(tables, r->parts, struct part,
				  (unsigned)r->part_count + 1);
	r->parts[r->part_count++] = (struct part){
		.oid = strtol(values[5], NULL, 10),
		.parent = strtol(values[1], NULL, 10),
	};
	t->parts = talloc_realloc(tables, t->parts, const char *,
				  (unsigned)t->part_count + 1);
	t->parts[t->part_count++] = !strcmp(values[4], "public")
					    ? talloc_strdup(tables, values[3])
					    : talloc_asprintf(tables, "%s.%s",
							      values[4],
							      values[3]);
	db_table_add_rule(tables, t,
			  (struct db_rule){
				  .name = talloc_strdup(tables, values[3]),
				  .text = talloc_strdup(tables, values[2]),
			  });
}

static int take_tie(const char *const *values, int count, void *data)
{
	struct reading *r = data;
	struct db_tables *tables = r->tables;
	struct db_table *t = table_of(r, values[1]), *parent;

	(void)count;
	if (!t || !values[2])
		return 0;
	switch (*values[0]) {
	case 'p':
	case 'u':
		db_table_add_unique(tables, t, values[2], *values[0] == 'p');
		break;
	case 'f':
		parent = table_of(r, values[4]);
		if (parent)
			db_table_add_reference(tables, t, values[3], values[2],
					       parent, values[5]);
		break;
	case 'b':
		add_part(r, t, values);
		break;
	default:
		db_table_add_rule(
			tables, t,
			(struct db_rule){
				.name = talloc_strdup(tables, values[3]),
				.text = talloc_strdup(tables, values[2]),
				.column = talloc_strdup(tables, values[4]),
				.evaluable = *values[0] == 'c',
			});
	}
	return 0;
}

int pg_tables(TALLOC_CTX *mem, struct db *db, struct db_tables **out,
	      struct error *err)
{
	static const char folder[] = "core/db/postgres/rows/";
	static const struct {
		const char *file;
		db_row_fn row;
	} files[] = {
		{ "1-tables.sql", take_table },
		{ "2-columns.sql", take_column },
		{ "3-ties.sql", take_tie },
	};
	struct reading r = { .tables = db_tables_new(mem) };
	struct pg *pg = pg_of(db);
	int result = 0;

	for (size_t i = 0; result == 0 && i < 3; i++) {
		char *file = talloc_asprintf(r.tables, "%s%s", folder,
					     files[i].file);

		result = pg_catalog_send_file(pg, file, files[i].row, &r, err);
	}
	if (result == 0)
		result = pg_sync(pg, err);
	if (result < 0)
		return error_prefix(err, "unable to read the tables of '%s'",
				    db->label);
	db_tables_finish(r.tables);
	*out = r.tables;
	return 0;
}
