#ifndef CORE_SCAFFOLD_CHOOSE_H
#define CORE_SCAFFOLD_CHOOSE_H

#include "core/scaffold/template.h"
#include "core/scaffold/values.h"

/* A parameter from the command line; a list has several of the same name. */
struct given {
	const char *name, *text;
};

struct choice {
	const struct template *template;
	struct values *values; /* given, and inferred from the name */
	const char *later; /* a template for names like this is yet to come */
};

/*
 * The template that was asked for, or the one that the migration's name and
 * the parameters fit best, or "blank" for a name that says nothing. What was
 * given comes before what the name tells. ERROR_USAGE tells what a template
 * lacks and what it takes.
 */
int choose(TALLOC_CTX *mem, const struct templates *templates,
	   const struct db_engine *engine, const char *name,
	   const char *template_name, const struct given *given,
	   size_t given_count, struct choice *choice, struct error *err);

#endif
