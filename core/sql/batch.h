#ifndef CORE_SQL_BATCH_H
#define CORE_SQL_BATCH_H

#include "core/sql/script.h"

/*
 * A statement that is run range by range of a key: where in its text the range
 * goes. Only what is certain is taken apart, at the top level of an UPDATE, a
 * DELETE, or an INSERT ... SELECT whose SELECT makes one row of a row.
 */
struct batch_text {
	const char *text; /* the statement, borrowed */
	size_t length;
	const char *table;     /* whose key it is, as written: "app.users" */
	const char *qualifier; /* what the statement calls it: "u" */
	const char **assigned; /* the columns that UPDATE sets, as written */
	size_t assigned_count;
	bool inserts;
	size_t select, select_end; /* of an INSERT's SELECT, in bytes */
	/* of the condition after WHERE; without one both say where it goes */
	bool has_where;
	size_t from, to;
};

/*
 * On failure *place is where in the text it is that cannot be batched; the
 * error has no place yet. What is made hangs on mem.
 */
int batch_parse(TALLOC_CTX *mem, const char *text, size_t length,
		enum sql_dialect dialect, struct batch_text *batch,
		size_t *place, struct error *err);

/* Some of the rows: the statement's text with a range in it. */
struct batch_part {
	const struct batch_text *of;
	char *text;
	size_t inserted; /* bytes at of->from */
};

struct batch_part *batch_part(TALLOC_CTX *mem, const struct batch_text *batch,
			      const char *range);
/* Where a byte of the part's text stands in the statement. */
size_t batch_part_origin(const struct batch_part *part, size_t offset);

/* A condition that no row meets. */
#define BATCH_NOTHING "1 = 0"
/*
 * The SELECT of an INSERT, over no row at all: what it returns nevertheless is
 * made of many rows, by an aggregate.
 */
char *batch_probe(TALLOC_CTX *mem, const struct batch_text *batch);

/*
 * The keys after one and up to another. What the first of several columns must
 * be is said by itself too, since not every server finds the rows of a
 * comparison of several by an index. Columns are quoted, values literals,
 * both in the order of the key; qualifier and after may be NULL.
 */
char *batch_range(TALLOC_CTX *mem, const char *qualifier,
		  const char *const *columns, int count,
		  const char *const *after, const char *const *last);

#endif
