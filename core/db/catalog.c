#include "core/db/catalog.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>

struct catalog *catalog_new(TALLOC_CTX *mem)
{
	return talloc_zero(mem, struct catalog);
}

void catalog_add(struct catalog *catalog, const char *kind, const char *name,
		 const char *definition, int position)
{
	struct catalog_object *o;

	if (catalog->count == catalog->room) {
		catalog->room = catalog->room ? 2 * catalog->room : 64;
		catalog->objects = talloc_realloc(catalog, catalog->objects,
						  struct catalog_object,
						  (unsigned)catalog->room);
	}
	o = &catalog->objects[catalog->count++];
	o->kind = talloc_strdup(catalog, kind);
	o->name = talloc_strdup(catalog, name);
	o->definition = talloc_strdup(catalog, definition ? definition : "");
	o->position = position;
	o->source = NULL;
}

void catalog_set_source(struct catalog *catalog, const char *source)
{
	catalog->objects[catalog->count - 1].source = talloc_strdup(catalog,
								    source);
}

static int by_name(const void *a, const void *b)
{
	const struct catalog_object *x = a, *y = b;
	int order = strcmp(x->kind, y->kind);

	if (!order)
		order = strcmp(x->name, y->name);
	return order ? order : strcmp(x->definition, y->definition);
}

void catalog_remove(struct catalog *catalog, const char *kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < catalog->count; i++)
		if (strcmp(catalog->objects[i].kind, kind) != 0)
			catalog->objects[kept++] = catalog->objects[i];
	catalog->count = kept;
}

void catalog_sort(struct catalog *catalog)
{
	if (catalog->count)
		qsort(catalog->objects, catalog->count,
		      sizeof(*catalog->objects), by_name);
}

const struct catalog_object *catalog_find(const struct catalog *catalog,
					  const char *kind, const char *name)
{
	size_t low = 0, high = catalog->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct catalog_object *o = &catalog->objects[middle];
		int order = strcmp(o->kind, kind);

		if (!order)
			order = strcmp(o->name, name);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < catalog->count && !strcmp(catalog->objects[low].kind, kind) &&
	    !strcmp(catalog->objects[low].name, name))
		return &catalog->objects[low];
	return NULL;
}

/* With its NUL, so that no two lists of strings give the same bytes. */
static void add_text(SHA2_CTX *hash, const char *text)
{
	SHA256Update(hash, (const uint8_t *)text, strlen(text) + 1);
}

char *catalog_fingerprint(TALLOC_CTX *mem, const struct catalog *catalog)
{
	char hex[SHA256_DIGEST_STRING_LENGTH];
	SHA2_CTX hash;

	SHA256Init(&hash);
	for (size_t i = 0; i < catalog->count; i++) {
		add_text(&hash, catalog->objects[i].kind);
		add_text(&hash, catalog->objects[i].name);
		add_text(&hash, catalog->objects[i].definition);
	}
	SHA256End(&hash, hex);
	return talloc_strdup(mem, hex);
}

static void add_difference(TALLOC_CTX *mem, struct difference **list,
			   size_t *count, const struct catalog_object *before,
			   const struct catalog_object *after)
{
	struct difference *d;

	*list = talloc_realloc(mem, *list, struct difference,
			       (unsigned)*count + 1);
	d = &(*list)[(*count)++];
	memset(d, 0, sizeof(*d));
	if (after) {
		d->kind = after->kind;
		d->name = after->name;
		d->after = after->definition;
	}
	if (before) {
		d->kind = before->kind;
		d->name = before->name;
		d->before = before->definition;
	}
	d->order_only = before && after && !strcmp(d->before, d->after);
}

static int compare_names(const struct catalog_object *a,
			 const struct catalog_object *b)
{
	int order = strcmp(a->kind, b->kind);

	return order ? order : strcmp(a->name, b->name);
}

struct difference *catalog_compare(TALLOC_CTX *mem,
				   const struct catalog *before,
				   const struct catalog *after, size_t *count)
{
	struct difference *list = NULL;
	size_t i = 0, j = 0;

	*count = 0;
	while (i < before->count || j < after->count) {
		const struct catalog_object *a = i < before->count
							 ? &before->objects[i]
							 : NULL;
		const struct catalog_object *b = j < after->count
							 ? &after->objects[j]
							 : NULL;
		int order = !a ? 1 : !b ? -1 : compare_names(a, b);

		if (order < 0) {
			add_difference(mem, &list, count, a, NULL);
			i++;
		} else if (order > 0) {
			add_difference(mem, &list, count, NULL, b);
			j++;
		} else {
			if (strcmp(a->definition, b->definition) != 0 ||
			    a->position != b->position)
				add_difference(mem, &list, count, a, b);
			i++;
			j++;
		}
	}
	return list;
}
