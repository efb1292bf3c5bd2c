#include "core/sql/change.h"

#include <string.h>
#include <strings.h>

#include "core/sql/reader.h"

struct change *changes_add(struct changes *changes, enum change_kind kind)
{
	struct change *c;

	changes->list = talloc_realloc(changes, changes->list, struct change,
				       (unsigned)changes->count + 1);
	c = &changes->list[changes->count++];
	memset(c, 0, sizeof(*c));
	c->kind = kind;
	return c;
}

/* The schema that a name without one is in, unless somebody has changed it. */
static const char *schema_of(const struct sql_name *name)
{
	return name->schema && strcmp(name->schema, "public") != 0 &&
			       strcasecmp(name->schema, "main") != 0
		       ? name->schema
		       : "";
}

bool sql_name_is(const struct sql_name *a, const struct sql_name *b)
{
	return a->name && b->name && !strcasecmp(a->name, b->name) &&
	       !strcasecmp(schema_of(a), schema_of(b));
}

/* The name under the eye, as the database keeps it. */
static char *take_word(struct changes *changes, struct reader *r)
{
	char *name = reader_name(changes, r);

	if (r->dialect == SQL_POSTGRESQL && r->token.kind == SQL_WORD)
		for (char *c = name; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c + 32);
	reader_advance(r);
	return name;
}

static struct sql_name take_name(struct changes *changes, struct reader *r)
{
	struct sql_name name = { NULL, take_word(changes, r) };

	if (reader_accept_character(r, '.')) {
		name.schema = name.name;
		name.name = take_word(changes, r);
	}
	return name;
}

static bool accept_all(struct reader *r, const char *const *words)
{
	struct reader ahead = *r;

	for (; *words; words++)
		if (!reader_accept(&ahead, *words))
			return false;
	*r = ahead;
	return true;
}

static bool accept_if_exists(struct reader *r)
{
	static const char *const no[] = { "IF", "NOT", "EXISTS", NULL };
	static const char *const yes[] = { "IF", "EXISTS", NULL };

	return accept_all(r, no) || accept_all(r, yes);
}

/* To the comma that ends this part, or the end. */
static void skip_part(struct reader *r)
{
	while (!reader_at_end(r) && !reader_is_character(r, ',')) {
		if (reader_is_character(r, '('))
			reader_skip_group(r);
		else
			reader_advance(r);
	}
}

/* --- rows ----------------------------------------------------------------- */

static char *slice(TALLOC_CTX *mem, const struct reader *r, size_t from)
{
	return talloc_strndup(mem, r->text + from, r->end - from);
}

static bool starts_number(const struct reader *r)
{
	char c = r->text[r->token.offset];

	return r->token.kind == SQL_WORD && c >= '0' && c <= '9';
}

/* A literal up to a comma or a closing parenthesis, or NULL. */
static char *take_literal(struct changes *changes, struct reader *r)
{
	static const char *const words[] = { "TRUE", "FALSE", "NULL", NULL };
	size_t from = r->token.offset;

	if (!reader_accept_character(r, '-'))
		reader_accept_character(r, '+');
	if (r->token.kind == SQL_STRING || starts_number(r)) {
		reader_advance(r);
		if (reader_accept_character(r, '.') && starts_number(r))
			reader_advance(r);
	} else if (!reader_accept_any(r, words)) {
		return NULL;
	}
	if (reader_is_character(r, ',') || reader_is_character(r, ')'))
		return slice(changes, r, from);
	return NULL;
}

/* Skips one value; its text when it is a literal. */
static char *take_value(struct changes *changes, struct reader *r)
{
	struct reader ahead = *r;
	char *text = take_literal(changes, &ahead);

	if (text) {
		*r = ahead;
		return text;
	}
	while (!reader_at_end(r) && !reader_is_character(r, ',') &&
	       !reader_is_character(r, ')')) {
		if (reader_is_character(r, '('))
			reader_skip_group(r);
		else
			reader_advance(r);
	}
	return NULL;
}

static bool take_row(struct changes *changes, struct reader *r,
		     struct change *c)
{
	const char **row = NULL;
	size_t width = 0;

	if (!reader_accept_character(r, '('))
		return false;
	do {
		row = talloc_realloc(changes, row, const char *,
				     (unsigned)width + 1);
		row[width++] = take_value(changes, r);
	} while (reader_accept_character(r, ','));
	if (!reader_accept_character(r, ')') ||
	    (c->row_count && width != c->width))
		return false;
	c->width = width;
	c->rows = talloc_realloc(changes, c->rows, const char **,
				 (unsigned)c->row_count + 1);
	c->rows[c->row_count++] = row;
	return true;
}

static void take_rows(struct changes *changes, struct reader *r,
		      struct change *c)
{
	bool whole = true;

	do {
		whole = take_row(changes, r, c);
	} while (whole && reader_accept_character(r, ','));
	if (whole && reader_at_end(r))
		return;
	c->rows = NULL;
	c->row_count = 0;
}

static void add_column_name(struct changes *changes, struct change *c,
			    const char *name)
{
	c->columns = talloc_realloc(changes, c->columns, const char *,
				    (unsigned)c->column_count + 1);
	c->columns[c->column_count++] = name;
}

/* SELECT a, b: as one row, when all of it are names. */
static void take_selected(struct changes *changes, struct reader r,
			  struct change *c)
{
	const char **row = NULL;
	size_t width = 0;

	do {
		if (r.token.kind != SQL_WORD && r.token.kind != SQL_QUOTED)
			return;
		row = talloc_realloc(changes, row, const char *,
				     (unsigned)width + 1);
		row[width++] = take_word(changes, &r);
	} while (reader_accept_character(&r, ','));
	if (!reader_is(&r, "FROM") || width != c->column_count)
		return;
	for (size_t i = 0; i < width; i++)
		if (strcasecmp(row[i], c->columns[i]) != 0)
			return;
	c->copies = true;
}

/* SELECT ... FROM one table */
static void take_source(struct changes *changes, struct reader *r,
			struct change *c)
{
	if (!reader_accept(r, "SELECT"))
		return;
	take_selected(changes, *r, c);
	while (!reader_at_end(r) && !reader_is(r, "FROM")) {
		if (reader_is_character(r, '('))
			reader_skip_group(r);
		else
			reader_advance(r);
	}
	if (reader_accept(r, "FROM"))
		c->source = take_name(changes, r);
}

static void read_insert(struct changes *changes, struct reader *r)
{
	struct change *c = changes_add(changes, CHANGE_INSERT);

	c->object = "ROWS";
	if (!reader_accept(r, "INTO"))
		return;
	c->table = take_name(changes, r);
	if (reader_accept_character(r, '(')) {
		do {
			add_column_name(changes, c, take_word(changes, r));
		} while (reader_accept_character(r, ','));
		if (!reader_accept_character(r, ')'))
			return;
	}
	if (reader_accept(r, "VALUES"))
		take_rows(changes, r, c);
	else
		take_source(changes, r, c);
}

/* UPDATE name SET column = ..., ... [WHERE ...]; others assign nothing known */
static void read_update(struct changes *changes, struct reader *r)
{
	struct change *c = changes_add(changes, CHANGE_UPDATE);

	c->object = "ROWS";
	reader_accept(r, "ONLY");
	c->table = take_name(changes, r);
	while (!reader_at_end(r) && !reader_is(r, "SET"))
		reader_advance(r);
	if (!reader_accept(r, "SET"))
		return;
	do {
		struct sql_name name = take_name(changes, r);

		add_column_name(changes, c, name.name);
		if (!reader_is_character(r, '=')) {
			c->columns = NULL;
			c->column_count = 0;
			return;
		}
		while (!reader_at_end(r) && !reader_is_character(r, ',') &&
		       !reader_is(r, "WHERE")) {
			if (reader_is_character(r, '('))
				reader_skip_group(r);
			else
				reader_advance(r);
		}
	} while (reader_accept_character(r, ','));
}

void changes_read_rows(struct changes *changes, const char *text, size_t length,
		       enum sql_dialect dialect)
{
	struct reader r;
	struct change *c;

	reader_start(&r, text, length, dialect);
	if (reader_accept(&r, "INSERT")) {
		if (reader_is(&r, "INTO")) {
			read_insert(changes, &r);
			return;
		}
		reader_advance(&r); /* OR, IGNORE */
		changes_add(changes, CHANGE_OTHER)->object = "INSERT";
		return;
	}
	if (reader_accept(&r, "UPDATE")) {
		read_update(changes, &r);
		return;
	}
	c = changes_add(changes, CHANGE_DELETE);
	c->object = "ROWS";
	if (reader_accept(&r, "TRUNCATE"))
		reader_accept(&r, "TABLE");
	else if (!reader_accept(&r, "DELETE") || !reader_accept(&r, "FROM"))
		c->kind = CHANGE_OTHER;
	reader_accept(&r, "ONLY");
	if (c->kind == CHANGE_DELETE)
		c->table = take_name(changes, &r);
}

/* --- texts ---------------------------------------------------------------- */

char *changes_comment_head(TALLOC_CTX *mem, const char *text, size_t length,
			   enum sql_dialect dialect)
{
	struct reader r;
	size_t at = 0;

	reader_start(&r, text, length, dialect);
	while (!reader_at_end(&r)) {
		if (reader_is(&r, "IS"))
			at = r.token.offset;
		reader_advance(&r);
	}
	return at ? talloc_strndup(mem, text, at) : NULL;
}

char *changes_grant_inverse(TALLOC_CTX *mem, const char *text, size_t length,
			    enum sql_dialect dialect)
{
	struct reader r;
	size_t from, word = 0, with;
	bool grants, all;

	reader_start(&r, text, length, dialect);
	grants = reader_accept(&r, "GRANT");
	if (!grants && (!reader_accept(&r, "REVOKE") || reader_is(&r, "GRANT")))
		return NULL;
	all = reader_is(&r, "ALL");
	from = r.token.offset;
	with = length;
	for (; !reader_at_end(&r); reader_advance(&r)) {
		if (!word && reader_is(&r, grants ? "TO" : "FROM"))
			word = r.token.offset;
		else if (word && with == length &&
			 (reader_is(&r, "WITH") || reader_is(&r, "CASCADE") ||
			  reader_is(&r, "RESTRICT") ||
			  reader_is(&r, "GRANTED")))
			with = r.token.offset;
	}
	/* what ALL took away is not known from the text */
	if (!word || (!grants && all))
		return NULL;
	while (with > word && strchr(" \t\r\n", text[with - 1]))
		with--;
	return talloc_asprintf(mem, "%s %.*s%s%.*s",
			       grants ? "REVOKE" : "GRANT", (int)(word - from),
			       text + from, grants ? "FROM" : "TO",
			       (int)(with - word - (grants ? 2 : 4)),
			       text + word + (grants ? 2 : 4));
}

/* --- CREATE, DROP --------------------------------------------------------- */

/* VIEW, TABLE ...; the word as it is written in SQL, or NULL. */
static const char *take_object(struct reader *r)
{
	static const char *const objects[] = {
		"TABLE",    "INDEX",	 "VIEW",     "TRIGGER",
		"FUNCTION", "PROCEDURE", "SEQUENCE", "EVENT",
		"DATABASE", "SCHEMA",	 "ROLE",     "USER",
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		if (reader_accept(r, objects[i]))
			return objects[i];
	return NULL;
}

static void other(struct changes *changes, const char *what)
{
	changes_add(changes, CHANGE_OTHER)->object = what;
}

/* ... ON table */
static void take_table_of(struct changes *changes, struct reader *r,
			  struct sql_name *table)
{
	while (!reader_at_end(r) && !reader_is(r, "ON")) {
		if (reader_is_character(r, '('))
			reader_skip_group(r);
		else
			reader_advance(r);
	}
	if (reader_accept(r, "ON"))
		*table = take_name(changes, r);
}

static void read_create(struct changes *changes, struct reader *r)
{
	static const char *const replace[] = { "OR", "REPLACE", NULL };
	bool replaces = accept_all(r, replace), temporary = false;
	const char *object;
	struct change c = { .kind = CHANGE_CREATE }, *added;

	while (!(object = take_object(r)) && !reader_at_end(r)) {
		temporary |= reader_is(r, "TEMP") || reader_is(r, "TEMPORARY");
		reader_advance(r);
	}
	if (!object || temporary) {
		if (temporary)
			changes_add(changes, CHANGE_NONE);
		else
			other(changes, "CREATE");
		return;
	}
	c.object = object;
	c.replaces = replaces;
	c.lenient = accept_if_exists(r);
	c.name = take_name(changes, r);
	if (!strcmp(object, "INDEX") || !strcmp(object, "TRIGGER"))
		take_table_of(changes, r, &c.table);
	if (!strcmp(object, "TABLE"))
		c.table = c.name;
	added = changes_add(changes, CHANGE_CREATE);
	*added = c;
}

static void read_drop(struct changes *changes, struct reader *r)
{
	const char *object = take_object(r);
	bool lenient = accept_if_exists(r);
	size_t first = changes->count;

	if (!object) {
		if (reader_is(r, "TEMPORARY"))
			changes_add(changes, CHANGE_NONE);
		else
			other(changes, "DROP");
		return;
	}
	do {
		struct sql_name name = take_name(changes, r);
		struct change *c = changes_add(changes, CHANGE_DROP);

		c->object = object;
		c->name = name;
		c->lenient = lenient;
		if (!strcmp(object, "TABLE"))
			c->table = name;
		if (!strcmp(object, "INDEX") && r->dialect == SQL_MYSQL)
			take_table_of(changes, r, &c->table);
	} while (reader_accept_character(r, ','));
	for (size_t i = first; i < changes->count; i++)
		changes->list[i].cascade = reader_is(r, "CASCADE");
}

/* --- ALTER TABLE ---------------------------------------------------------- */

static struct change *of_table(struct changes *changes, enum change_kind kind,
			       const char *object, struct sql_name table)
{
	struct change *c = changes_add(changes, kind);

	c->object = object;
	c->table = table;
	return c;
}

/* The first name in parentheses. */
static void take_first_column(struct changes *changes, struct reader *r,
			      struct change *c)
{
	struct reader ahead = *r;

	while (!reader_at_end(&ahead) && !reader_is_character(&ahead, '('))
		reader_advance(&ahead);
	if (reader_accept_character(&ahead, '(') &&
	    ahead.token.kind != SQL_OTHER)
		c->column = take_word(changes, &ahead);
}

static bool is_index_word(struct reader *r)
{
	return reader_accept(r, "INDEX") || reader_accept(r, "KEY");
}

/* [CONSTRAINT [name]] CHECK, FOREIGN KEY ...; false: it is a column. */
static bool read_add_rule(struct changes *changes, struct reader *r,
			  struct sql_name table)
{
	static const char *const primary[] = { "PRIMARY", "KEY", NULL };
	static const char *const foreign[] = { "FOREIGN", "KEY", NULL };
	bool named = reader_accept(r, "CONSTRAINT");
	struct change c = { .kind = CHANGE_ADD_CONSTRAINT,
			    .object = "CONSTRAINT",
			    .table = table };

	c.lenient = accept_if_exists(r);
	if (named && !reader_is(r, "CHECK") && !reader_is(r, "PRIMARY") &&
	    !reader_is(r, "UNIQUE") && !reader_is(r, "FOREIGN"))
		c.name.name = take_word(changes, r);
	if (accept_all(r, primary)) {
		c.aspect = "PRIMARY KEY";
	} else if (accept_all(r, foreign)) {
		c.aspect = "FOREIGN KEY";
		c.lenient |= accept_if_exists(r);
		if (!c.name.name && !reader_is_character(r, '('))
			c.name.name = take_word(changes, r);
		take_first_column(changes, r, &c);
	} else if (reader_accept(r, "CHECK")) {
		c.aspect = "CHECK";
	} else if (reader_accept(r, "UNIQUE")) {
		is_index_word(r);
		c.aspect = "UNIQUE";
		c.kind = CHANGE_CREATE;
		c.object = "INDEX";
	} else if (reader_accept(r, "FULLTEXT") ||
		   reader_accept(r, "SPATIAL") || reader_is(r, "INDEX") ||
		   reader_is(r, "KEY")) {
		is_index_word(r);
		c.kind = CHANGE_CREATE;
		c.object = "INDEX";
	} else {
		return false;
	}
	if (!strcmp(c.object, "INDEX")) {
		c.lenient |= accept_if_exists(r);
		if (!c.name.name && !reader_is_character(r, '('))
			c.name.name = take_word(changes, r);
		take_first_column(changes, r, &c);
		if (!c.name.name)
			c.name.name = c.column;
	}
	*changes_add(changes, c.kind) = c;
	skip_part(r);
	return true;
}

static void read_add(struct changes *changes, struct reader *r,
		     struct sql_name table)
{
	struct change *c;
	bool group, lenient;

	if (read_add_rule(changes, r, table))
		return;
	reader_accept(r, "COLUMN");
	lenient = accept_if_exists(r);
	group = reader_accept_character(r, '(');
	do {
		c = of_table(changes, CHANGE_ADD_COLUMN, "COLUMN", table);
		c->lenient = lenient;
		c->column = take_word(changes, r);
		while (!reader_at_end(r) && !reader_is_character(r, ',') &&
		       !(group && reader_is_character(r, ')'))) {
			if (reader_is_character(r, '('))
				reader_skip_group(r);
			else
				reader_advance(r);
		}
	} while (group && reader_accept_character(r, ','));
	if (group)
		reader_accept_character(r, ')');
}

static void read_drop_part(struct changes *changes, struct reader *r,
			   struct sql_name table)
{
	static const char *const primary[] = { "PRIMARY", "KEY", NULL };
	static const char *const foreign[] = { "FOREIGN", "KEY", NULL };
	struct change *c;

	if (accept_all(r, primary)) {
		c = of_table(changes, CHANGE_DROP_CONSTRAINT, "CONSTRAINT",
			     table);
		c->aspect = "PRIMARY KEY";
		c->name.name = "PRIMARY";
		return;
	}
	if (is_index_word(r)) {
		c = of_table(changes, CHANGE_DROP, "INDEX", table);
		c->lenient = accept_if_exists(r);
		c->name.name = take_word(changes, r);
		return;
	}
	if (accept_all(r, foreign) || reader_accept(r, "CONSTRAINT") ||
	    reader_accept(r, "CHECK")) {
		c = of_table(changes, CHANGE_DROP_CONSTRAINT, "CONSTRAINT",
			     table);
		c->lenient = accept_if_exists(r);
		c->name.name = take_word(changes, r);
		return;
	}
	reader_accept(r, "COLUMN");
	c = of_table(changes, CHANGE_DROP_COLUMN, "COLUMN", table);
	c->lenient = accept_if_exists(r);
	c->column = take_word(changes, r);
}

static void read_rename_part(struct changes *changes, struct reader *r,
			     struct sql_name table)
{
	bool column = reader_accept(r, "COLUMN"), index = false;
	struct change *c;

	if (!column)
		index = is_index_word(r);
	if (!column && !index &&
	    (reader_accept(r, "TO") || reader_accept(r, "AS") ||
	     r->dialect == SQL_MYSQL)) {
		c = of_table(changes, CHANGE_RENAME, "TABLE", table);
		c->name = table;
		c->to = take_word(changes, r);
		return;
	}
	c = of_table(changes, index ? CHANGE_RENAME : CHANGE_RENAME_COLUMN,
		     index ? "INDEX" : "COLUMN", table);
	if (index)
		c->name.name = take_word(changes, r);
	else
		c->column = take_word(changes, r);
	reader_accept(r, "TO");
	c->to = take_word(changes, r);
}

/* MODIFY and CHANGE, in which MySQL writes the whole column anew */
static void read_modify(struct changes *changes, struct reader *r,
			struct sql_name table, bool renames)
{
	struct change *c;

	reader_accept(r, "COLUMN");
	c = of_table(changes, CHANGE_ALTER_COLUMN, "COLUMN", table);
	c->lenient = accept_if_exists(r);
	c->aspect = "ALL";
	c->column = take_word(changes, r);
	if (renames)
		c->to = take_word(changes, r);
	if (c->to && !strcasecmp(c->to, c->column))
		c->to = NULL;
}

static void read_alter_part(struct changes *changes, struct reader *r,
			    struct sql_name table)
{
	static const char *const harmless[] = {
		"ALGORITHM", "LOCK", "AUTO_INCREMENT", "FORCE",
		"NOWAIT",    "WAIT", "ORDER",	       NULL,
	};
	struct change *c;

	if (reader_accept(r, "ADD")) {
		read_add(changes, r, table);
	} else if (reader_accept(r, "DROP")) {
		read_drop_part(changes, r, table);
	} else if (reader_accept(r, "RENAME")) {
		read_rename_part(changes, r, table);
	} else if (reader_accept(r, "MODIFY")) {
		read_modify(changes, r, table, false);
	} else if (reader_accept(r, "CHANGE")) {
		read_modify(changes, r, table, true);
	} else if (reader_accept(r, "ALTER")) {
		reader_accept(r, "COLUMN");
		c = of_table(changes, CHANGE_ALTER_COLUMN, "COLUMN", table);
		c->aspect = "ALL";
		c->column = take_word(changes, r);
		if (reader_is(r, "VISIBLE") || reader_is(r, "INVISIBLE"))
			c->kind = CHANGE_OTHER;
	} else if (!reader_accept_any(r, harmless)) {
		other(changes, "ALTER TABLE");
	}
	skip_part(r);
}

static void read_alter_table(struct changes *changes, struct reader *r)
{
	struct sql_name table;

	accept_if_exists(r);
	table = take_name(changes, r);
	do {
		read_alter_part(changes, r, table);
	} while (reader_accept_character(r, ','));
}

static void read_rename_table(struct changes *changes, struct reader *r)
{
	do {
		struct sql_name from = take_name(changes, r), to;
		struct change *c;

		reader_accept(r, "TO");
		to = take_name(changes, r);
		c = of_table(changes, CHANGE_RENAME, "TABLE", from);
		c->name = from;
		c->to = to.name;
		if (to.schema)
			c->kind = CHANGE_OTHER;
	} while (reader_accept_character(r, ','));
}

/* --- a statement ---------------------------------------------------------- */

void changes_read(struct changes *changes, const char *text, size_t length,
		  enum sql_dialect dialect)
{
	static const char *const nothing[] = {
		"SET",	     "PRAGMA",	 "ANALYZE", "VACUUM",  "REINDEX",
		"SELECT",    "OPTIMIZE", "CHECK",   "EXPLAIN", "SHOW",
		"DELIMITER", "USE",	 "LOCK",    "UNLOCK",  "FLUSH",
		"VALUES",    NULL,
	};
	struct reader r;

	reader_start(&r, text, length, dialect);
	if (reader_is(&r, "INSERT") || reader_is(&r, "UPDATE") ||
	    reader_is(&r, "DELETE") || reader_is(&r, "TRUNCATE")) {
		changes_read_rows(changes, text, length, dialect);
	} else if (reader_accept(&r, "CREATE")) {
		read_create(changes, &r);
	} else if (reader_accept(&r, "DROP")) {
		read_drop(changes, &r);
	} else if (reader_accept(&r, "ALTER")) {
		reader_accept(&r, "IGNORE");
		if (reader_accept(&r, "TABLE"))
			read_alter_table(changes, &r);
		else
			other(changes, "ALTER");
	} else if (reader_accept(&r, "RENAME") && reader_accept(&r, "TABLE")) {
		read_rename_table(changes, &r);
	} else if (reader_is(&r, "GRANT") || reader_is(&r, "REVOKE")) {
		struct change *c = changes_add(changes, CHANGE_GRANT);

		c->object = "PRIVILEGES";
		c->inverse = changes_grant_inverse(changes, text, length,
						   dialect);
	} else if (reader_accept_any(&r, nothing)) {
		changes_add(changes, CHANGE_NONE);
	} else {
		other(changes, "the statement");
	}
}
