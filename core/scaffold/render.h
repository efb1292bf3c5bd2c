#ifndef CORE_SCAFFOLD_RENDER_H
#define CORE_SCAFFOLD_RENDER_H

#include <talloc.h>

#include "core/base/error.h"
#include "core/scaffold/values.h"

/*
 * The language of SQL templates.
 *
 *	{{table}}	as SQL: a name is quoted where the engine needs it
 *	{{raw:table}}	as it is, for comments
 *	{{text:table}}	the same inside the quotes of a directive
 *	{{word:table}}	made [a-z0-9_], for names that are made up
 *	{{column.type}}	a field
 *	{{#type}} ... {{/type}}	only when it was given; once an item of a list
 *	{{?type}} ... {{/type}}	the same, but once for the whole list
 *	{{^type}} ... {{/type}}	only when it was not
 *	{{#column.last}}	in a list: the last item
 *	{{#engine.sqlite}}	for one engine, by its name or its family's
 *
 * A line that consists of tags alone, or becomes empty because of them, goes,
 * and so does an empty line at the top or after another one. A value that is
 * used and was not given is an error.
 */

/*
 * A section whose text is made by a function: {{#rebuild}} ... {{/rebuild}}
 * gives its body, rendered, to the function; when that has no answer,
 * {{^rebuild}} ... {{/rebuild}} after it is taken.
 */
struct render_block {
	const char *name;
	/* 1 with *out on mem, 0: no answer, -1: error */
	int (*make)(TALLOC_CTX *mem, const char *body, char **out, void *data,
		    struct error *err);
	void *data;
};

/* An error has its place in `path`. block may be NULL. */
int render(TALLOC_CTX *mem, const char *path, const char *text,
	   const struct values *values, const struct render_block *block,
	   char **out, struct error *err);

#endif
