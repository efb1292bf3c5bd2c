#include "core/db/mysql/internal.h"

#include <stdlib.h>
#include <string.h>

/* What the rows of each table are made of. */

struct reading {
	struct db_tables *tables;
	bool mariadb;
	/* of the list of columns that is being read */
	char *table, *name, *names, *others, *parent;
};

static const struct {
	const char *type;
	enum datum_kind kind;
	int bytes;
} kinds[] = {
	{ "tinyint", DATUM_INTEGER, 1 },    { "smallint", DATUM_INTEGER, 2 },
	{ "mediumint", DATUM_INTEGER, 3 },  { "int", DATUM_INTEGER, 4 },
	{ "bigint", DATUM_INTEGER, 8 },	    { "decimal", DATUM_NUMBER, 0 },
	{ "float", DATUM_FLOAT, 0 },	    { "double", DATUM_FLOAT, 0 },
	{ "bit", DATUM_BITS, 0 },	    { "char", DATUM_TEXT, 0 },
	{ "varchar", DATUM_TEXT, 0 },	    { "tinytext", DATUM_TEXT, 0 },
	{ "text", DATUM_TEXT, 0 },	    { "mediumtext", DATUM_TEXT, 0 },
	{ "longtext", DATUM_TEXT, 0 },	    { "binary", DATUM_BYTES, 0 },
	{ "varbinary", DATUM_BYTES, 0 },    { "tinyblob", DATUM_BYTES, 0 },
	{ "blob", DATUM_BYTES, 0 },	    { "mediumblob", DATUM_BYTES, 0 },
	{ "longblob", DATUM_BYTES, 0 },	    { "date", DATUM_DATE, 0 },
	{ "datetime", DATUM_TIMESTAMP, 0 }, { "timestamp", DATUM_TIMESTAMP, 0 },
	{ "time", DATUM_TIME, 0 },	    { "year", DATUM_YEAR, 0 },
	{ "enum", DATUM_LABEL, 0 },	    { "set", DATUM_LABELS, 0 },
	{ "json", DATUM_JSON, 0 },	    { "uuid", DATUM_UUID, 0 },
	{ "inet6", DATUM_ADDRESS, 0 },	    { "inet4", DATUM_ADDRESS, 0 },
};

static void set_kind(struct db_column *c, const char *type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].type, type)) {
			c->kind = kinds[i].kind;
			c->bytes = kinds[i].bytes;
		}
}

static bool is_one_of(const char *type, const char *words)
{
	char *word = talloc_asprintf(NULL, " %s ", type);
	bool found = strstr(words, word) != NULL;

	talloc_free(word);
	return found;
}

/* Bytes in hexadecimal digits, numbers as they are, floats with all digits. */
static char *value_of(TALLOC_CTX *mem, const struct db_column *c,
		      const char *type)
{
	if (is_one_of(type, " float double "))
		return talloc_asprintf(mem, "CAST(CAST(%s AS DOUBLE) AS CHAR)",
				       c->quoted);
	if (c->kind == DATUM_BITS)
		return talloc_asprintf(mem, "CAST(%s + 0 AS CHAR)", c->quoted);
	if (c->kind == DATUM_BYTES)
		return talloc_asprintf(
			mem,
			"IF(%s IS NULL, NULL, CONCAT('X''', HEX(%s), "
			"''''))",
			c->quoted, c->quoted);
	if (is_one_of(type, " geometry point linestring polygon multipoint "
			    "multilinestring multipolygon geometrycollection "
			    "geomcollection "))
		return talloc_asprintf(
			mem,
			"IF(%s IS NULL, NULL, CONCAT('ST_GeomFromWKB(X''', "
			"HEX(ST_AsWKB(%s)), ''', ', ST_SRID(%s), ')'))",
			c->quoted, c->quoted, c->quoted);
	if (datum_is_bare(c->kind))
		return talloc_asprintf(mem, "CAST(%s AS CHAR)", c->quoted);
	return talloc_asprintf(mem, "IF(%s IS NULL, NULL, QUOTE(%s))",
			       c->quoted, c->quoted);
}

/* enum('a','b''c') */
static void set_labels(struct db_tables *tables, struct db_column *c)
{
	const char *s = strchr(c->type, '(');
	char *list = talloc_strdup(tables, "");

	while (s && *s && *s != ')') {
		if (*s++ != '\'')
			continue;
		if (*list)
			list = talloc_strdup_append(list, "\001");
		for (; *s && !(*s == '\'' && s[1] != '\''); s++) {
			s += *s == '\'';
			list = talloc_strndup_append(list, s, 1);
		}
		s += *s != '\0';
	}
	db_column_set_labels(tables, c, list);
}

/* nextval(`scratch`.`s`) */
static char *counter_of(TALLOC_CTX *mem, const char *text)
{
	const char *close;

	if (!text || strncmp(text, "nextval(", 8) != 0)
		return NULL;
	close = strrchr(text, ')');
	return close ? talloc_strndup(mem, text + 8, (size_t)(close - text - 8))
		     : NULL;
}

/* table, column, data type, column type, nullable, default, extra, generated,
   length, precision, scale */
static int take_column(const char *const *values, int count, void *data)
{
	struct reading *r = data;
	struct db_tables *tables = r->tables;
	struct db_column *c;
	struct db_table *t;

	(void)count;
	if (db_is_own_table(values[0]))
		return 0;
	if (!tables->count ||
	    strcmp(tables->list[tables->count - 1].name, values[0]) != 0) {
		t = db_tables_add(tables);
		t->name = talloc_strdup(tables, values[0]);
		t->from = t->into = my_quote(tables, values[0]);
	}
	t = &tables->list[tables->count - 1];
	c = db_table_add_column(tables, t);
	c->name = talloc_strdup(tables, values[1]);
	c->quoted = my_quote(tables, values[1]);
	c->type = talloc_strdup(tables, values[3]);
	set_kind(c, values[2]);
	if (c->kind == DATUM_INTEGER && !strncmp(c->type, "tinyint(1)", 10))
		c->kind = DATUM_BOOLEAN;
	c->is_unsigned = strstr(c->type, "unsigned") != NULL;
	c->not_null = *values[4] == 'N';
	c->has_default = values[5] != NULL;
	c->computed = values[7] && *values[7];
	c->counter = counter_of(tables, values[5]);
	c->counted = c->counter || strstr(values[6], "auto_increment");
	if (values[8] && (c->kind == DATUM_TEXT || c->kind == DATUM_BYTES))
		c->length = strtoll(values[8], NULL, 10);
	if (values[9] && c->kind == DATUM_BITS)
		c->length = strtoll(values[9], NULL, 10);
	if (values[9] && c->kind == DATUM_NUMBER)
		c->precision = atoi(values[9]);
	if (values[10] && c->kind == DATUM_NUMBER)
		c->scale = atoi(values[10]);
	c->value = value_of(tables, c, values[2]);
	if (c->kind == DATUM_LABEL || c->kind == DATUM_LABELS)
		set_labels(tables, c);
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

	if (t && parent)
		db_table_add_reference(r->tables, t, r->name, r->names, parent,
				       r->others);
	else if (t && !r->parent)
		db_table_add_unique(r->tables, t, r->names,
				    !strcmp(r->name, "PRIMARY"));
	r->table = NULL;
}

static void add(struct reading *r, char **list, const char *name)
{
	*list = *list && **list
			? talloc_asprintf(r->tables, "%s\001%s", *list, name)
			: talloc_strdup(r->tables, name);
}

/* table, name, position from 1, column, parent, its column */
static int take_listed(const char *const *values, int count, void *data)
{
	struct reading *r = data;

	(void)count;
	if (r->table && !strcmp(values[2], "1"))
		flush(r);
	if (!r->table) {
		r->table = talloc_strdup(r->tables, values[0]);
		r->name = talloc_strdup(r->tables, values[1]);
		r->parent = talloc_strdup(r->tables, values[4]);
		r->names = r->others = talloc_strdup(r->tables, "");
	}
	/* an expression or a prefix is no column: no name is found then */
	add(r, &r->names, values[3] ? values[3] : "\002");
	if (values[5])
		add(r, &r->others, values[5]);
	return 0;
}

static int take_rule(const char *const *values, int count, void *data)
{
	struct reading *r = data;
	struct db_table *t = db_tables_find(r->tables, values[0]);

	(void)count;
	if (t)
		db_table_add_rule(
			r->tables, t,
			(struct db_rule){
				.name = talloc_strdup(r->tables, values[1]),
				.text = talloc_strdup(r->tables, values[2]),
				.evaluable = true,
			});
	return 0;
}

/* --- the whole ------------------------------------------------------------ */

static const char columns_sql[] =
	"SELECT c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_TYPE, "
	"c.IS_NULLABLE, c.COLUMN_DEFAULT, c.EXTRA, c.GENERATION_EXPRESSION, "
	"c.CHARACTER_MAXIMUM_LENGTH, c.NUMERIC_PRECISION, c.NUMERIC_SCALE "
	"FROM information_schema.COLUMNS AS c "
	"JOIN information_schema.TABLES AS t "
	"ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME "
	"WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_SCHEMA = DATABASE() "
	"AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') "
	"ORDER BY CAST(c.TABLE_NAME AS BINARY), c.ORDINAL_POSITION";

static const char uniques_sql[] =
	"SELECT s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX, "
	"IF(s.SUB_PART IS NULL, s.COLUMN_NAME, NULL), NULL, NULL "
	"FROM information_schema.STATISTICS AS s "
	"WHERE s.TABLE_SCHEMA = DATABASE() AND s.NON_UNIQUE = 0 "
	"ORDER BY s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX";

static const char references_sql[] =
	"SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION, "
	"k.COLUMN_NAME, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME "
	"FROM information_schema.KEY_COLUMN_USAGE AS k "
	"WHERE k.TABLE_SCHEMA = DATABASE() "
	"AND k.REFERENCED_TABLE_SCHEMA = DATABASE() "
	"ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION";

static const char rules_sql[] =
	"SELECT c.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE "
	"FROM information_schema.CHECK_CONSTRAINTS AS c "
	"WHERE c.CONSTRAINT_SCHEMA = DATABASE()";

static const char rules_mysql_sql[] =
	"SELECT t.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE "
	"FROM information_schema.CHECK_CONSTRAINTS AS c "
	"JOIN information_schema.TABLE_CONSTRAINTS AS t "
	"ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA "
	"AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME "
	"WHERE c.CONSTRAINT_SCHEMA = DATABASE()";

/* MySQL has them since 8.0.16. */
static int read_rules(struct my_conn *c, struct reading *r, struct error *err)
{
	const char *sql = r->mariadb ? rules_sql : rules_mysql_sql;
	struct error missing = { 0 };

	if (my_run(c, sql, strlen(sql), take_rule, r, NULL, &missing) == 0)
		return 0;
	if (r->mariadb || c->lost) {
		*err = missing;
		return -1;
	}
	error_release(&missing);
	return 0;
}

int my_tables(TALLOC_CTX *mem, struct db *db, struct db_tables **out,
	      struct error *err)
{
	static const char *const lists[] = { uniques_sql, references_sql };
	struct my *my = my_of(db);
	struct reading r = {
		.tables = db_tables_new(mem),
		.mariadb = my_is_mariadb(my),
	};

	if (my_run(&my->main, columns_sql, sizeof(columns_sql) - 1, take_column,
		   &r, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		if (my_run(&my->main, lists[i], strlen(lists[i]), take_listed,
			   &r, NULL, err) < 0)
			return -1;
		flush(&r);
	}
	if (read_rules(&my->main, &r, err) < 0)
		return -1;
	db_tables_finish(r.tables);
	*out = r.tables;
	return 0;
}
