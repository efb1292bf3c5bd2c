#ifndef CORE_DB_MYSQL_NEED_H
#define CORE_DB_MYSQL_NEED_H

#include "core/sql/script.h"

/*
 * What statements ask of tables, as MariaDB 10.11 was measured to be kept from
 * it: the numbers in struct lock_need.
 */
enum my_need {
	MY_NOTHING,
	MY_ROWS,      /* locks of rows, or of a source that is read */
	MY_NO_WRITE,  /* keeps writers out; readers may stay */
	MY_EXCLUSIVE, /* keeps everybody out, if only for a moment */
};

/* `text` is the statement's own; its kind is known. */
struct lock_need my_need(const struct statement *s, const char *text);

#endif
