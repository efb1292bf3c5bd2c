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
};

struct catalog {
	struct catalog_object *objects; /* sorted by kind, then name */
	size_t count, room;
};

struct catalog *catalog_new(TALLOC_CTX *mem);
/* Copies the strings. */
void catalog_add(struct catalog *catalog, const char *kind, const char *name,
		 const char *definition, int position);
/* Takes all objects of a kind out. */
void catalog_remove(struct catalog *catalog, const char *kind);
void catalog_sort(struct catalog *catalog);

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

#endif
