#ifndef CORE_DB_MYSQL_CHANGE_H
#define CORE_DB_MYSQL_CHANGE_H

#include "core/sql/script.h"

/*
 * What a statement that commits by itself changes, as far as its text tells:
 * by which of the things that it leaves can it be known afterwards whether it
 * was carried out.
 */
enum my_change_kind {
	MY_UNCERTAIN,  /* by none */
	MY_REPEATABLE, /* no need to know: once more does no harm */
	MY_OBJECTS,    /* objects are there, or are gone */
	MY_DEFINITION, /* the table is defined in another way */
	MY_EMPTIED,    /* the table is another one, and empty */
	MY_ANOTHER,    /* the table, or a part of it, is another one */
	MY_EXCHANGED,  /* a part of the first table is the second one */
	MY_RENAMED,    /* each first of two has become the second */
};

enum my_object_kind {
	MY_TABLE, /* or a view or a sequence */
	MY_COLUMN,
	MY_INDEX,
	MY_CONSTRAINT,
	MY_PARTITION,
	MY_TRIGGER,
	MY_EVENT,
	MY_PROCEDURE,
	MY_FUNCTION,
	MY_SCHEMA,
};

struct my_object {
	enum my_object_kind kind;
	const char *schema; /* NULL: the connection's */
	const char *table;  /* of what belongs to one */
	const char *name;
	bool after; /* it is there afterwards */
};

struct my_change {
	enum my_change_kind kind;
	struct my_object *objects;
	size_t object_count;
	struct my_object table; /* of ALTER TABLE; name NULL: another kind */
	bool more;  /* it does something else, which the objects do not show */
	bool drops; /* each object by itself */
	bool all_there; /* it fails where one of them is not there before */
};

/* `text` is the statement's own, without the marks of comments that are
   carried out; strings hang on mem. */
void my_change_read(TALLOC_CTX *mem, const char *kind, const char *text,
		    size_t length, struct my_change *change);

#endif
