#ifndef CORE_SCAFFOLD_ASK_H
#define CORE_SCAFFOLD_ASK_H

#include "core/base/overlay.h"
#include "core/scaffold/rebuild.h"
#include "core/scaffold/template.h"
#include "core/scaffold/values.h"

/*
 * What a template wants to know of the target. Each word of its `asks` is
 *
 * - a query, templates/facts/WORD.ENGINE.sql; nothing when there is none for
 *   the engine. Its first line names its parameters by tags' names:
 *
 *	-- parameters: table raw:column
 *
 *   and each row it gives, (name, text), is an item of that name, or a field
 *   ("column.type") of its first item, or an item that is an identifier
 *   ("name:index"). A parameter of the template that nobody gave may be among
 *   them. When it knows what it was asked for, "known" is, and for the query
 *   "column" the field column.known. Queries from the repository's
 *   .gitmigrate.d/ are not run: they come with a clone. The query "definition"
 *   is followed by what the server itself says that makes the table again.
 * - "table": where columns cannot be altered also the definition of the table
 *   that {{table}} names, for {{#rebuild}}, and "known"; when it has the
 *   {{column}} that was given, with column.known, column.definition (what
 *   stands behind its name), column.type, column.required (NOT NULL without a
 *   default), column.droppable (by ALTER TABLE) and column.simple (dropped and
 *   added again by it).
 *
 * The target is opened when the first of them needs it, once. Whatever is
 * wrong with it is no error: *problem (on mem) says so, or is NULL.
 */
struct target_access {
	/* `subject`: the table or index that is asked about, or NULL */
	int (*open)(struct db **db, const char *subject, void *data,
		    struct error *err);
	void *data;
	struct db *db; /* once it is open */
};

/* What a parameter of a query stands for, which may be taken apart, or NULL. */
typedef const char *(*ask_parameter_fn)(char *name, void *data);

/*
 * Runs a query whose first line may be "-- parameters: NAME...", the values of
 * $1, $2 ... in order; data goes to both functions.
 */
int ask_with_parameters(TALLOC_CTX *mem, struct db *db, const char *text,
			ask_parameter_fn parameter, db_row_fn row, void *data,
			struct error *err);

int ask(TALLOC_CTX *mem, const struct overlay *overlay,
	const struct template *t, struct values *values,
	struct target_access *access, struct rebuild_source *source,
	char **problem, struct error *err);

#endif
