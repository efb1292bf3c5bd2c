#ifndef CORE_SCAFFOLD_TEMPLATE_H
#define CORE_SCAFFOLD_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

#include "core/base/error.h"
#include "core/base/overlay.h"
#include "core/scaffold/values.h"

/*
 * A template is a folder templates/sql/NAME/ and needs no code. It has
 *
 *	[N-PHASE.][ENGINE.]up.sql and down.sql
 *
 * in the language of render.h: one pair, or a series of pairs in the order of
 * N whose names end in _PHASE; the one with the engine's name (mysql for
 * MariaDB too) comes before the one for all engines. Its file `template` says,
 *a line each:
 *
 *	summary: adds a column that may be empty
 *	name: add_{column}_to_{table}
 *	name: add_{column}_to_{table} if not-null
 *	name: add_unique_index_on_{column}_to_{table} with unique
 *	requires: table name
 *	takes: type sql
 *	takes: index name = idx_{{word:table}}
 *	words: type.rewrites serial bigserial
 *	asks: {{^type}}table{{/type}}
 *
 * name: what a migration's name tells; a list is split at "_and_"; `if` asks
 * for a parameter that was given, `with` sets a flag. requires, takes: the
 * parameters, their kind (flag, sql, default, name, names, keys, columns) and
 * what they are when not given. words: a field that is there when the value
 * has one of the words. asks: what the target is asked for (see ask.h), words
 * made by tags. later: a name that another template will be for, when there
 * is one:
 *
 *	later: rename-column rename_{column}_to_{to}_in_{table}
 *
 * Empty lines and lines that begin with # are passed over.
 */
struct parameter {
	const char *name;
	enum value_kind kind;
	bool required;
	const char *fallback; /* or NULL */
};

struct name_pattern {
	const char *text;
	const char *condition; /* a parameter, or NULL */
	const char *flag;      /* it sets, or NULL */
	const char *later;     /* a template that is not this one, or NULL */
};

struct word_rule {
	const char *name, *field;
	const char *words; /* with a space on either side of each */
};

struct template
{
	const char *name;
	const char *path; /* of its file `template` */
	enum overlay_source source;
	const char *summary;
	const char *asks; /* or NULL */
	struct parameter *parameters;
	size_t parameter_count;
	struct name_pattern *patterns;
	size_t pattern_count;
	struct word_rule *rules;
	size_t rule_count;
};

struct templates {
	struct template *list; /* by name */
	size_t count;
};

/* Reads all descriptions; a bad one is an error at its line. */
int templates_read(TALLOC_CTX *mem, const struct overlay *overlay,
		   struct templates **templates, struct error *err);

const struct template *templates_find(const struct templates *templates,
				      const char *name);
const struct parameter *template_parameter(const struct template *t,
					   const char *name);

/* "--table NAME [--type SQL] [--unique]" */
char *template_usage(TALLOC_CTX *mem, const struct template *t);

/*
 * Whether a migration's name fits a pattern; then values (may be NULL) gets
 * "parameter", "text", ... on mem, `count` strings.
 */
bool pattern_match(TALLOC_CTX *mem, const char *pattern, const char *name,
		   const char ***values, size_t *count);
/*
 * The heavier, the better it fits: how much stands before the first parameter,
 * then how much is no parameter.
 */
size_t pattern_weight(const char *pattern);

#endif
