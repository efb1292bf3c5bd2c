#include "core/db/sqlite/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/sql/reader.h"
#include "core/sql/table.h"

/* What the rows of each table are made of, by the pragmas and, for CHECK, by
   the text of the table. */

struct reading {
	struct db_tables *tables;
	/* of the list of columns that is being read */
	char *table, *name, *names, *others, *parent;
};

/* --- types ---------------------------------------------------------------- */

/* In the order in which they are looked for, anywhere in the type. */
static const struct {
	const char *part;
	enum datum_kind kind;
} kinds[] = {
	{ "BOOL", DATUM_BOOLEAN },	 { "POINT", DATUM_TEXT },
	{ "INTERVAL", DATUM_TEXT },	 { "INT", DATUM_INTEGER },
	{ "JSON", DATUM_JSON },		 { "UUID", DATUM_UUID },
	{ "DATETIME", DATUM_TIMESTAMP }, { "TIMESTAMP", DATUM_TIMESTAMP },
	{ "DATE", DATUM_DATE },		 { "TIME", DATUM_TIME },
	{ "CHAR", DATUM_TEXT },		 { "CLOB", DATUM_TEXT },
	{ "TEXT", DATUM_TEXT },		 { "BLOB", DATUM_BYTES },
	{ "BYTEA", DATUM_BYTES },	 { "BINARY", DATUM_BYTES },
	{ "REAL", DATUM_FLOAT },	 { "FLOA", DATUM_FLOAT },
	{ "DOUB", DATUM_FLOAT },	 { "DEC", DATUM_NUMBER },
	{ "NUM", DATUM_NUMBER },
};

static void set_kind(struct db_column *c)
{
	char *type = talloc_strdup(NULL, c->type), *open;

	for (char *p = type; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	c->kind = *type ? DATUM_TEXT : DATUM_BYTES;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strstr(type, kinds[i].part)) {
			c->kind = kinds[i].kind;
			break;
		}
	open = strchr(type, '(');
	if (open && (c->kind == DATUM_TEXT || c->kind == DATUM_BYTES))
		c->length = strtol(open + 1, NULL, 10);
	if (open && c->kind == DATUM_NUMBER) {
		char *comma = strchr(open, ',');

		c->precision = atoi(open + 1);
		c->scale = comma ? atoi(comma + 1) : 0;
	}
	c->bytes = c->kind == DATUM_INTEGER ? 8 : 0;
	talloc_free(type);
}

/* --- columns -------------------------------------------------------------- */

static void start_table(struct reading *r, const char *const *values)
{
	struct db_tables *tables = r->tables;
	struct db_table *t = db_tables_add(tables);

	t->name = talloc_strdup(tables, values[0]);
	t->from = t->into = talloc_asprintf(tables, "main.%s",
					    sqlite_quote(tables, values[0]));
	t->order = *values[5] == '1' ? NULL : "rowid";
}

/* quote() ends at a NUL that stands in a text. */
static char *value_of(TALLOC_CTX *mem, const char *quoted)
{
	return talloc_asprintf(
		mem,
		"CASE WHEN %s IS NULL THEN NULL WHEN typeof(%s) = 'text' AND "
		"instr(CAST(%s AS BLOB), x'00') THEN 'CAST(' || "
		"quote(CAST(%s AS BLOB)) || ' AS TEXT)' ELSE quote(%s) END",
		quoted, quoted, quoted, quoted, quoted);
}

/* table, column, type, not null, hidden, without rowid, pk, keys, default */
static int take_column(const char *const *values, int count, void *data)
{
	struct reading *r = data;
	struct db_tables *tables = r->tables;
	struct db_column *c;
	struct db_table *t;
	bool alone = *values[7] == '1';

	(void)count;
	if (db_is_own_table(values[0]))
		return 0;
	if (!tables->count ||
	    strcmp(tables->list[tables->count - 1].name, values[0]) != 0)
		start_table(r, values);
	t = &tables->list[tables->count - 1];
	c = db_table_add_column(tables, t);
	c->name = talloc_strdup(tables, values[1]);
	c->quoted = sqlite_quote(tables, values[1]);
	c->type = talloc_strdup(tables, values[2] ? values[2] : "");
	c->value = value_of(tables, c->quoted);
	c->computed = *values[4] != '0';
	c->has_default = values[8] != NULL;
	set_kind(c);
	c->counted = !strcasecmp(c->type, "INTEGER") && *values[6] == '1' &&
		     alone && t->order;
	/* but for that, NULL may stand in a primary key */
	c->not_null = *values[3] == '1' || c->counted ||
		      (*values[6] != '0' && !t->order);
	/* a column of this name hides the row's own number */
	if (t->order && !strcasecmp(c->name, "rowid"))
		t->order = "_rowid_";
	return 0;
}

/* --- lists of columns ----------------------------------------------------- */

static void flush(struct reading *r)
{
	struct db_table *t = r->table ? db_tables_find(r->tables, r->table)
				      : NULL;
	struct db_table *parent = r->parent
					  ? db_tables_find(r->tables, r->parent)
					  : NULL;

	if (t && r->parent && parent && !*r->others && parent->unique_count &&
	    parent->uniques[0].primary) {
		const struct db_unique *key = &parent->uniques[0];

		for (size_t i = 0; i < key->count; i++)
			r->others = talloc_asprintf_append(
				r->others, "%s%s", i ? "\001" : "",
				parent->columns[key->columns[i]].name);
	}
	if (t && parent)
		db_table_add_reference(r->tables, t, "FOREIGN KEY", r->names,
				       parent, r->others);
	else if (t && !r->parent)
		db_table_add_unique(r->tables, t, r->names,
				    !strcmp(r->name, "pk"));
	r->table = NULL;
}

static void add(struct reading *r, char **list, const char *name)
{
	*list = *list && **list
			? talloc_asprintf(r->tables, "%s\001%s", *list, name)
			: talloc_strdup(r->tables, name);
}

/* table, name, position, column, parent, its column; by table, name, position
 */
static int take_listed(const char *const *values, int count, void *data)
{
	struct reading *r = data;

	(void)count;
	if (r->table && *values[2] == '0')
		flush(r);
	if (!r->table) {
		r->table = talloc_strdup(r->tables, values[0]);
		r->name = talloc_strdup(r->tables, values[1]);
		r->parent = talloc_strdup(r->tables, values[4]);
		r->names = r->others = talloc_strdup(r->tables, "");
	}
	/* an expression is no column: no name is found then */
	add(r, &r->names, values[3] ? values[3] : "\002");
	if (values[5])
		add(r, &r->others, values[5]);
	return 0;
}

/* --- CHECK ---------------------------------------------------------------- */

static void take_rule(struct db_tables *tables, struct db_table *t,
		      const struct table_rule *rule)
{
	const char *open = strchr(rule->text, '(');
	const char *close = strrchr(rule->text, ')');
	char *text;

	if (rule->kind != RULE_CHECK || !open || !close)
		return;
	text = talloc_strndup(tables, open, (size_t)(close - open + 1));
	db_table_add_rule(
		tables, t,
		(struct db_rule){
			.name = talloc_strdup(tables,
					      rule->name ? rule->name : text),
			.text = text,
			.evaluable = true,
		});
}

static int take_text(const char *const *values, int count, void *data)
{
	struct reading *r = data;
	struct db_table *t = db_tables_find(r->tables, values[0]);
	struct error ignored = { 0 };
	struct table_text *text;

	(void)count;
	if (!t)
		return 0;
	if (table_parse(r->tables, values[1], &text, &ignored) < 0) {
		error_release(&ignored);
		return 0;
	}
	for (size_t i = 0; i < text->constraint_count; i++)
		take_rule(r->tables, t, &text->constraints[i]);
	for (size_t i = 0; i < text->column_count; i++)
		for (size_t k = 0; k < text->columns[i].rule_count; k++)
			take_rule(r->tables, t, &text->columns[i].rules[k]);
	return 0;
}

/* --- the whole ------------------------------------------------------------ */

#define TABLES                                                                 \
	"FROM sqlite_schema AS t JOIN pragma_table_list AS l "                 \
	"ON l.schema = 'main' AND l.name = t.name, "

static const char columns_sql[] =
	"SELECT t.name, c.name, c.type, c.\"notnull\", c.hidden, l.wr, c.pk, "
	"(SELECT count(*) FROM pragma_table_xinfo(t.name) AS k "
	"WHERE k.pk > 0), c.dflt_value " TABLES
	"pragma_table_xinfo(t.name) AS c "
	"WHERE t.type = 'table' AND t.rootpage > 0 AND c.hidden <> 1 "
	"AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
	"ORDER BY t.name, c.cid";

static const char keys_sql[] =
	"SELECT t.name, 'pk', c.pk - 1, c.name, NULL, NULL "
	"FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c "
	"WHERE t.type = 'table' AND t.rootpage > 0 AND c.pk > 0 "
	"ORDER BY t.name, c.pk";

static const char uniques_sql[] =
	"SELECT t.name, l.name, x.seqno, x.name, NULL, NULL "
	"FROM sqlite_schema AS t, pragma_index_list(t.name) AS l, "
	"pragma_index_info(l.name) AS x "
	"WHERE t.type = 'table' AND t.rootpage > 0 AND l.\"unique\" "
	"AND l.partial = 0 AND l.origin <> 'pk' "
	"ORDER BY t.name, l.name, x.seqno";

static const char references_sql[] =
	"SELECT t.name, f.id, f.seq, f.\"from\", f.\"table\", f.\"to\" "
	"FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS f "
	"WHERE t.type = 'table' AND t.rootpage > 0 "
	"ORDER BY t.name, f.id, f.seq";

static const char texts_sql[] = "SELECT name, sql FROM sqlite_schema "
				"WHERE type = 'table' AND rootpage > 0 "
				"AND sql LIKE '%check%' ORDER BY name";

int sqlite_tables(TALLOC_CTX *mem, struct db *db, struct db_tables **out,
		  struct error *err)
{
	static const char *const lists[] = { keys_sql, uniques_sql,
					     references_sql };
	struct reading r = { .tables = db_tables_new(mem) };

	if (sqlite_query(db, columns_sql, NULL, 0, take_column, &r, err) < 0)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		if (sqlite_query(db, lists[i], NULL, 0, take_listed, &r, err) <
		    0)
			return -1;
		flush(&r);
	}
	if (sqlite_query(db, texts_sql, NULL, 0, take_text, &r, err) < 0)
		return -1;
	db_tables_finish(r.tables);
	*out = r.tables;
	return 0;
}
