#ifndef CORE_SCAFFOLD_SCAFFOLD_H
#define CORE_SCAFFOLD_SCAFFOLD_H

#include <stdint.h>
#include <talloc.h>

#include "core/base/overlay.h"
#include "core/scaffold/ask.h"
#include "core/scaffold/choose.h"
#include "core/scaffold/template.h"

/* The scripts of a new migration, made from a template. Nothing is written. */

struct scaffold_request {
	const char *name;	   /* as name_make() gave it */
	const char *template_name; /* NULL: tell it from the name */
	const struct given *given;
	size_t given_count;
	const struct db_engine *engine;
	const struct overlay *overlay;
	const struct templates *templates;
	struct target_access access; /* open is NULL: nothing is asked */
};

struct scaffold_pair {
	const char *name;    /* of the migration, with its phase */
	const char *text[2]; /* by enum direction */
};

struct scaffold {
	const char *template_name;
	const char *later;   /* see struct choice */
	const char *problem; /* why the target told less than was asked, or
				NULL */
	size_t edits;	     /* `edit` lines in all scripts */
	struct scaffold_pair *pairs;
	size_t count;
};

/* An error in a template has its file as its place. */
int scaffold_make(TALLOC_CTX *mem, const struct scaffold_request *request,
		  struct scaffold **scaffold, struct error *err);

#endif
