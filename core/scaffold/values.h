#ifndef CORE_SCAFFOLD_VALUES_H
#define CORE_SCAFFOLD_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

#include "core/base/error.h"
#include "core/db/db.h"

/*
 * What a template's tags stand for: each name has a list of items, mostly one;
 * each item has a text and may have fields with texts of their own
 * ({{column}}, {{column.type}}). A text has two forms: as SQL (an identifier
 * quoted where the engine needs it) and plain, for comments.
 */

/* What a parameter of a template takes. */
enum value_kind {
	VALUE_FLAG,
	VALUE_SQL,     /* an expression or a type, kept as it is */
	VALUE_DEFAULT, /* an expression that names no column */
	VALUE_NAME,    /* an identifier, may be SCHEMA.NAME */
	VALUE_NAMES,   /* identifiers, a list */
	VALUE_KEYS,    /* identifiers or expressions, a list */
	VALUE_COLUMNS, /* NAME or NAME:DEFINITION, a list */
};

struct value_text {
	const char *name;
	const char *sql, *plain;
};

struct value_item {
	const char *sql, *plain;
	struct value_text *fields;
	size_t field_count;
};

struct value {
	const char *name;
	struct value_item *items;
	size_t count;
};

struct values {
	const struct db_engine *engine;
	struct value *list;
	size_t count;
};

struct values *values_new(TALLOC_CTX *mem, const struct db_engine *engine);

/* NULL when nothing was given under that name. */
struct value *values_find(const struct values *values, const char *name);

/*
 * Adds an item made of what a person gave; ERROR_USAGE tells what is wrong
 * with it. Fields that come with it: of a name .name, .new (NAME__new) and,
 * with a schema, .schema; of a column .type (what follows the colon); of SQL
 * .constant when it is a literal, and .stable when it is one or the time of the
 * transaction.
 */
int values_add(struct values *values, const char *name, enum value_kind kind,
	       const char *text, struct error *err);

/* The same for text from a target: it is taken as it is. */
void values_add_text(struct values *values, const char *name, const char *text);
/* Sets a field of the first item; nothing when there is no item. */
void values_set_field(struct values *values, const char *name,
		      const char *field, const char *text);

/* The field of an item, or NULL. */
const struct value_text *value_field(const struct value_item *item,
				     const char *name);

bool value_kind_is_list(enum value_kind kind);

#endif
