#include "core/sql/table.h"

#include <string.h>
#include <strings.h>

#include "core/sql/reader.h"

/* Lists double: one is full whenever its count is a power of two. */
static bool is_full(size_t count)
{
	return !(count & (count - 1));
}

static struct table_rule *add_rule(TALLOC_CTX *mem, struct table_rule **list,
				   size_t *count)
{
	if (is_full(*count))
		*list = talloc_realloc(mem, *list, struct table_rule,
				       *count ? 2 * (unsigned)*count : 1);
	return &(*list)[(*count)++];
}

static struct table_column *add_column(struct table_text *t)
{
	size_t n = t->column_count;

	if (is_full(n))
		t->columns = talloc_realloc(t, t->columns, struct table_column,
					    n ? 2 * (unsigned)n : 1);
	return &t->columns[t->column_count++];
}

static char *piece(TALLOC_CTX *mem, const struct reader *r, size_t from)
{
	return talloc_strndup(mem, r->text + from, r->end - from);
}

static int unreadable(const struct reader *r, struct error *err)
{
	return error_set(err, ERROR_FAILED,
			 "unable to read the table definition at '%.*s'",
			 (int)(r->token.length < 40 ? r->token.length : 40),
			 r->text + r->token.offset);
}

/* ON CONFLICT word */
static void skip_conflict(struct reader *r)
{
	if (!reader_accept(r, "ON"))
		return;
	reader_accept(r, "CONFLICT");
	reader_advance(r);
}

/* A name, or a value of DEFAULT: one token, or a group in parentheses. */
static void skip_term(struct reader *r)
{
	if (reader_is_character(r, '(')) {
		reader_skip_group(r);
		return;
	}
	while (reader_is_character(r, '+') || reader_is_character(r, '-'))
		reader_advance(r);
	reader_accept_character(r, '.'); /* .5 */
	reader_advance(r);
	reader_accept_character(r, '.'); /* 5. */
}

/* ON DELETE ..., MATCH ..., [NOT] DEFERRABLE ... after the parent's name. */
static void skip_reference(struct reader *r)
{
	reader_advance(r);
	if (reader_is_character(r, '('))
		reader_skip_group(r);
	for (;;) {
		struct reader ahead = *r;

		reader_accept(&ahead, "NOT");
		if (reader_accept(r, "ON")) {
			reader_advance(r); /* DELETE, UPDATE */
			if (!reader_accept(r, "SET"))
				reader_accept(r, "NO");
			reader_advance(r); /* NULL, ACTION, CASCADE ... */
		} else if (reader_accept(r, "MATCH")) {
			reader_advance(r);
		} else if (reader_accept(&ahead, "DEFERRABLE")) {
			*r = ahead;
			if (reader_accept(r, "INITIALLY"))
				reader_advance(r);
		} else {
			return;
		}
	}
}

static void skip_generated(struct reader *r)
{
	static const char *const kinds[] = { "STORED", "VIRTUAL", NULL };

	if (reader_is_character(r, '('))
		reader_skip_group(r);
	reader_accept_any(r, kinds);
}

static void skip_primary_key(struct reader *r)
{
	static const char *const orders[] = { "ASC", "DESC", NULL };

	reader_accept(r, "KEY");
	if (reader_is_character(r, '('))
		reader_skip_group(r);
	reader_accept_any(r, orders);
	skip_conflict(r);
	reader_accept(r, "AUTOINCREMENT");
}

/* Past one rule without its name; false when none begins here. */
static bool skip_rule(struct reader *r, enum table_rule_kind *kind)
{
	if (reader_accept(r, "PRIMARY")) {
		*kind = RULE_PRIMARY_KEY;
		skip_primary_key(r);
	} else if (reader_accept(r, "UNIQUE")) {
		*kind = RULE_UNIQUE;
		if (reader_is_character(r, '('))
			reader_skip_group(r);
		skip_conflict(r);
	} else if (reader_accept(r, "CHECK")) {
		*kind = RULE_CHECK;
		skip_term(r);
		skip_conflict(r);
	} else if (reader_accept(r, "REFERENCES")) {
		*kind = RULE_FOREIGN_KEY;
		skip_reference(r);
	} else if (reader_accept(r, "NOT")) {
		*kind = RULE_NOT_NULL;
		reader_accept(r, "NULL");
		skip_conflict(r);
	} else if (reader_accept(r, "NULL")) {
		*kind = RULE_NULL;
		skip_conflict(r);
	} else if (reader_accept(r, "DEFAULT")) {
		*kind = RULE_DEFAULT;
		skip_term(r);
	} else if (reader_accept(r, "COLLATE")) {
		*kind = RULE_COLLATE;
		reader_advance(r);
	} else if (reader_accept(r, "GENERATED")) {
		*kind = RULE_GENERATED;
		reader_accept(r, "ALWAYS");
		reader_accept(r, "AS");
		skip_generated(r);
	} else if (reader_accept(r, "AS")) {
		*kind = RULE_GENERATED;
		skip_generated(r);
	} else {
		return false;
	}
	return true;
}

/* FOREIGN KEY (columns) REFERENCES ... */
static bool skip_foreign_key(struct reader *r)
{
	if (!reader_accept(r, "FOREIGN"))
		return false;
	reader_accept(r, "KEY");
	if (reader_is_character(r, '('))
		reader_skip_group(r);
	if (!reader_accept(r, "REFERENCES"))
		return false;
	skip_reference(r);
	return true;
}

/* Reads one rule with its name into *rule. */
static int read_rule(TALLOC_CTX *mem, struct reader *r, struct table_rule *rule,
		     struct error *err)
{
	*rule = (struct table_rule){ .offset = r->token.offset };
	while (reader_accept(r, "CONSTRAINT")) {
		rule->name = reader_name(mem, r);
		reader_advance(r);
	}
	if (reader_is(r, "FOREIGN")) {
		rule->kind = RULE_FOREIGN_KEY;
		if (!skip_foreign_key(r))
			return unreadable(r, err);
	} else if (!skip_rule(r, &rule->kind)) {
		return unreadable(r, err);
	}
	rule->length = r->end - rule->offset;
	rule->text = piece(mem, r, rule->offset);
	return 0;
}

static bool at_item_end(const struct reader *r)
{
	return reader_is_character(r, ',') || reader_is_character(r, ')') ||
	       reader_at_end(r);
}

/* Whether one of the words that begin a rule of a column is next. */
static bool at_rule(const struct reader *r)
{
	static const char *const words[] = {
		"CONSTRAINT", "PRIMARY", "NOT",	    "NULL",
		"UNIQUE",     "CHECK",	 "DEFAULT", "COLLATE",
		"REFERENCES", "AS",	 NULL,
	};
	struct reader ahead = *r;

	if (reader_accept_any(&ahead, words))
		return true;
	return reader_accept(&ahead, "GENERATED") &&
	       reader_is(&ahead, "ALWAYS");
}

static int read_column(struct table_text *t, struct reader *r,
		       struct error *err)
{
	struct table_column *c = add_column(t);
	size_t type;

	*c = (struct table_column){ .offset = r->token.offset };
	if (at_item_end(r) || r->token.kind == SQL_OTHER)
		return unreadable(r, err);
	c->name = reader_name(t, r);
	reader_advance(r);
	type = r->token.offset;
	while (!at_item_end(r) && !at_rule(r)) {
		if (reader_is_character(r, '('))
			reader_skip_group(r);
		else
			reader_advance(r);
	}
	c->type = r->end > type ? piece(t, r, type) : "";
	while (!at_item_end(r))
		if (read_rule(t, r, add_rule(t, &c->rules, &c->rule_count),
			      err) < 0)
			return -1;
	c->length = r->end - c->offset;
	c->text = piece(t, r, c->offset);
	return 0;
}

static bool at_constraint(const struct reader *r)
{
	return reader_is(r, "CONSTRAINT") || reader_is(r, "PRIMARY") ||
	       reader_is(r, "UNIQUE") || reader_is(r, "CHECK") ||
	       reader_is(r, "FOREIGN");
}

static int read_items(struct table_text *t, struct reader *r, struct error *err)
{
	bool columns = true;

	for (;;) {
		int result;

		columns = columns && !at_constraint(r);
		if (columns)
			result = read_column(t, r, err);
		else
			result = read_rule(t, r,
					   add_rule(t, &t->constraints,
						    &t->constraint_count),
					   err);
		if (result < 0)
			return -1;
		if (reader_is_character(r, ')'))
			return 0;
		/* between constraints the comma may be missing */
		if (!reader_accept_character(r, ',') &&
		    (columns || reader_at_end(r)))
			return unreadable(r, err);
	}
}

static bool read_head(struct table_text *t, struct reader *r)
{
	static const char *const temporary[] = { "TEMP", "TEMPORARY", NULL };

	if (!reader_accept(r, "CREATE"))
		return false;
	reader_accept_any(r, temporary);
	if (!reader_accept(r, "TABLE"))
		return false;
	if (reader_accept(r, "IF")) {
		reader_accept(r, "NOT");
		reader_accept(r, "EXISTS");
	}
	do {
		t->name_offset = r->token.offset;
		t->name_length = r->token.length;
		reader_advance(r);
	} while (reader_accept_character(r, '.'));
	t->name = sql_unquote(t, r->text + t->name_offset, t->name_length);
	return reader_is_character(r, '(');
}

static void read_suffix(struct table_text *t, struct reader *r)
{
	size_t start;

	t->close = r->token.offset;
	reader_advance(r);
	start = r->token.offset;
	while (!reader_at_end(r) && r->token.kind != SQL_SEMICOLON)
		reader_advance(r);
	t->suffix = r->end > start ? piece(t, r, start) : "";
}

int table_parse(TALLOC_CTX *mem, const char *create_sql,
		struct table_text **table, struct error *err)
{
	struct table_text *t = talloc_zero(mem, struct table_text);
	struct reader r;

	reader_start(&r, create_sql, strlen(create_sql), SQL_SQLITE);
	if (!read_head(t, &r)) {
		talloc_free(t);
		return unreadable(&r, err);
	}
	t->open = r.token.offset;
	reader_advance(&r);
	if (read_items(t, &r, err) < 0) {
		talloc_free(t);
		return -1;
	}
	read_suffix(t, &r);
	*table = t;
	return 0;
}

const struct table_column *table_column(const struct table_text *table,
					const char *name)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (!strcasecmp(table->columns[i].name, name))
			return &table->columns[i];
	return NULL;
}

const struct table_rule *table_rule(const struct table_column *column,
				    enum table_rule_kind kind)
{
	for (size_t i = 0; i < column->rule_count; i++)
		if (column->rules[i].kind == kind)
			return &column->rules[i];
	return NULL;
}
