#ifndef CORE_RUN_DECLARED_H
#define CORE_RUN_DECLARED_H

#include "core/run/rows.h"
#include "core/sql/loss.h"

/*
 * Which losses a pair says that it brings, by its data-loss lines.
 *
 * A line that names a column as "table.column" is about that column, one that
 * names a table about the columns of it that it names too, or else about all of
 * it. One that names nothing that was there is about what the scripts of the
 * pair destroy as far as that can be read.
 */

struct declared {
	const struct script *scripts[2]; /* by direction; or NULL */
	/* where the names of tables and columns are taken from: before the
	   pair and after it */
	const struct row_image *images[2]; /* or NULL */
};

/* The text of the line that covers it, or NULL. */
const char *declared_loss(const struct declared *declared,
			  const struct proof_row_difference *difference);

#endif
