#ifndef CORE_DB_CATALOG_H
#define CORE_DB_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/*
 * What is in a database, object by object, in a form that two states can be
 * compared by: no order of creation, no internal numbers, no spelling that
 * the server does not keep.
 */

struct catalog_object {
	const char *kind; /* "table", "column", "constraint", "index" ... */
	const char *name; /* "users", "users.email", "users.users_pkey" */
	const char *definition; /* all that counts, in one line */
	int position; /* of a column in its table, from 1; otherwise 0. It is
			 reported but is no part of the fingerprint */
	const char *source; /* a statement that makes it, where the engine keeps
			       one as it was written and the definition is
			       not that; no part of a comparison. Or NULL */
};

struct catalog {
	struct catalog_object *objects; /* sorted by kind, then name */
	size_t count, room;
};

struct catalog *catalog_new(TALLOC_CTX *mem);
/* Copies the strings. */
void catalog_add(struct catalog *catalog, const char *kind, const char *name,
		 const char *definition, int position);
/* Of the object that was added last, copied. */
void catalog_set_source(struct catalog *catalog, const char *source);
/* Takes all objects of a kind out. */
void catalog_remove(struct catalog *catalog, const char *kind);
void catalog_sort(struct catalog *catalog);
/* The first one of that kind and name in a sorted catalog, or NULL. */
const struct catalog_object *catalog_find(const struct catalog *catalog,
					  const char *kind, const char *name);

/* 64 hexadecimal digits: SHA-256 over kind, name and definition of all. */
char *catalog_fingerprint(TALLOC_CTX *mem, const struct catalog *catalog);

struct difference {
	const char *kind, *name;
	const char *before, *after; /* definitions; NULL: not there */
	bool order_only; /* only the position of a column: reported, passes */
};

/* Differences, object by object; strings belong to the catalogs. */
struct difference *catalog_compare(TALLOC_CTX *mem,
				   const struct catalog *before,
				   const struct catalog *after, size_t *count);

/*
 * What leads from one catalog to the next, so that a long row of them needs no
 * more room than what has changed. The strings of a step are its own; those of
 * what step_back() and step_on() return belong to their two arguments.
 */
struct catalog_step;
struct catalog_step *catalog_step_new(TALLOC_CTX *mem,
				      const struct catalog *before,
				      const struct catalog *after);
struct catalog *catalog_step_back(TALLOC_CTX *mem,
				  const struct catalog_step *step,
				  const struct catalog *after);
struct catalog *catalog_step_on(TALLOC_CTX *mem,
				const struct catalog_step *step,
				const struct catalog *before);

#endif
