#include "core/db/catalog.h"

#include <string.h>

/*
 * Both lists are sorted as catalogs are, so that two of them are walked
 * through side by side.
 */
struct catalog_step {
	struct catalog *gone, *come;
};

static int compare(const struct catalog_object *a,
		   const struct catalog_object *b)
{
	int order = strcmp(a->kind, b->kind);

	if (!order)
		order = strcmp(a->name, b->name);
	if (!order)
		order = strcmp(a->definition, b->definition);
	return order ? order
		     : (a->position > b->position) -
			       (a->position < b->position);
}

static void copy(struct catalog *to, const struct catalog_object *o)
{
	catalog_add(to, o->kind, o->name, o->definition, o->position);
	if (o->source)
		catalog_set_source(to, o->source);
}

struct catalog_step *catalog_step_new(TALLOC_CTX *mem,
				      const struct catalog *before,
				      const struct catalog *after)
{
	struct catalog_step *step = talloc_zero(mem, struct catalog_step);
	size_t i = 0, j = 0;

	step->gone = catalog_new(step);
	step->come = catalog_new(step);
	while (i < before->count || j < after->count) {
		int order = i == before->count	? 1
			    : j == after->count ? -1
						: compare(&before->objects[i],
							  &after->objects[j]);

		if (order < 0)
			copy(step->gone, &before->objects[i++]);
		else if (order > 0)
			copy(step->come, &after->objects[j++]);
		else
			i++, j++;
	}
	return step;
}

/* What is in `from` without `less`, and with `more`; strings are borrowed. */
static struct catalog *change(TALLOC_CTX *mem, const struct catalog *from,
			      const struct catalog *less,
			      const struct catalog *more)
{
	struct catalog *out = catalog_new(mem);
	size_t l = 0, m = 0;

	out->room = from->count + more->count;
	out->objects = talloc_array(out, struct catalog_object,
				    (unsigned)out->room + 1);
	for (size_t i = 0; i < from->count; i++) {
		const struct catalog_object *o = &from->objects[i];

		if (l < less->count && !compare(&less->objects[l], o)) {
			l++;
			continue;
		}
		while (m < more->count && compare(&more->objects[m], o) < 0)
			out->objects[out->count++] = more->objects[m++];
		out->objects[out->count++] = *o;
	}
	while (m < more->count)
		out->objects[out->count++] = more->objects[m++];
	return out;
}

struct catalog *catalog_step_back(TALLOC_CTX *mem,
				  const struct catalog_step *step,
				  const struct catalog *after)
{
	return change(mem, after, step->come, step->gone);
}

struct catalog *catalog_step_on(TALLOC_CTX *mem,
				const struct catalog_step *step,
				const struct catalog *before)
{
	return change(mem, before, step->gone, step->come);
}
