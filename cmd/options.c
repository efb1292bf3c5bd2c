#include "cmd/options.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#include "cmd/near.h"
#include "core/base/text.h"
#include "core/migration.h"

static bool takes_argument(const struct option *o)
{
	return o->type != OPTION_FLAG && o->type != OPTION_COUNT;
}

static void print_usage(FILE *out, const struct option *options,
			const char *const *usage)
{
	for (int i = 0; usage[i]; i++)
		fprintf(out, "%s %s\n", i ? "   or:" : "usage:", usage[i]);
	fputc('\n', out);
	for (; options->type != OPTION_END; options++) {
		char left[64];
		int n = snprintf(left, sizeof(left), "    %c%c%s--%s%s%s",
				 options->letter ? '-' : ' ',
				 options->letter ? options->letter : ' ',
				 options->letter ? ", " : "  ", options->name,
				 options->argument ? " " : "",
				 options->argument ? options->argument : "");

		fprintf(out, "%-*s%s%s\n", 30, left,
			n >= 30 ? "\n                              " : "",
			options->help);
	}
	fputc('\n', out);
}

int options_usage(const struct option *options, const char *const *usage,
		  const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = talloc_vasprintf(NULL, fmt, ap);
	va_end(ap);
	fprintf(stderr, "error: %s\n", text);
	talloc_free(text);
	print_usage(stderr, options, usage);
	return 129;
}

static bool take_number(const char *text, int *value)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > INT_MAX)
		return false;
	*value = (int)n;
	return true;
}

static bool take_version(const char *text, int64_t *value)
{
	if (!strcmp(text, "0")) {
		*value = 0;
		return true;
	}
	return version_parse(text, value) == 0;
}

static void add_text(void *mem, struct text_list *list, const char *text)
{
	list->list = talloc_realloc(mem, list->list, const char *,
				    (unsigned)list->count + 1);
	list->list[list->count++] = text;
}

static bool add_version(void *mem, struct version_list *list, const char *text)
{
	int64_t version;

	if (version_parse(text, &version) < 0)
		return false;
	list->list = talloc_realloc(mem, list->list, int64_t,
				    (unsigned)list->count + 1);
	list->list[list->count++] = version;
	return true;
}

/* What is wrong with the value, or NULL. */
static const char *set_value(void *mem, const struct option *o,
			     const char *text, bool negated)
{
	switch (o->type) {
	case OPTION_FLAG:
		*(bool *)o->value = !negated;
		return NULL;
	case OPTION_COUNT:
		++*(int *)o->value;
		return NULL;
	case OPTION_TEXT:
		*(const char **)o->value = text;
		return NULL;
	case OPTION_NUMBER:
		return take_number(text, o->value) ? NULL
						   : "a number from 1 on";
	case OPTION_SECONDS:
		*(int *)o->value = text_duration_parse(text);
		return *(int *)o->value < 0 ? "a duration such as 30s" : NULL;
	case OPTION_VERSION:
		return take_version(text, o->value) ? NULL
						    : "a version of 14 digits";
	case OPTION_TEXTS:
		add_text(mem, o->value, text);
		return NULL;
	case OPTION_VERSIONS:
		return add_version(mem, o->value, text)
			       ? NULL
			       : "a version of 14 digits";
	case OPTION_END:
		break;
	}
	return "known";
}

static const struct option *by_letter(const struct option *options, char c)
{
	for (; options->type != OPTION_END; options++)
		if (options->letter == c)
			return options;
	return NULL;
}

/* By name or unambiguous beginning; *matches tells how many begin so. */
static const struct option *by_name(const struct option *options,
				    const char *name, size_t length,
				    int *matches)
{
	const struct option *found = NULL;

	*matches = 0;
	for (; options->type != OPTION_END; options++) {
		if (strncmp(options->name, name, length) != 0)
			continue;
		if (!options->name[length]) {
			*matches = 1;
			return options;
		}
		found = options;
		++*matches;
	}
	return found;
}

static void print_completion(const struct option *options)
{
	for (const struct option *o = options; o->type != OPTION_END; o++)
		printf("%s--%s%s", o == options ? "" : " ", o->name,
		       takes_argument(o) ? "=" : "");
	putchar('\n');
}

struct parse {
	void *mem;
	const struct option *options;
	const char *const *usage;
	int argc, at;
	char **argv;
};

static int apply(struct parse *p, const struct option *o, const char *shown,
		 const char *inline_value, bool negated)
{
	const char *value = inline_value, *wanted;

	if (takes_argument(o) && !value) {
		if (p->at + 1 >= p->argc)
			return options_usage(p->options, p->usage,
					     "option '%s' requires a value",
					     shown);
		value = p->argv[++p->at];
	}
	wanted = set_value(p->mem, o, value, negated);
	if (!wanted)
		return 0;
	return options_usage(p->options, p->usage,
			     "option '%s' expects %s, not '%s'", shown, wanted,
			     value);
}

/* The command's page, as git opens its own; usage begins with its name. */
static int open_page(const struct parse *p)
{
	static const char head[] = "git migrate ";
	const char *name = p->usage[0] + sizeof(head) - 1;
	char *page = talloc_asprintf(p->mem, "git-migrate-%.*s",
				     (int)strcspn(name, " "), name);

	execlp("git", "git", "help", page, (char *)NULL);
	fprintf(stderr, "error: unable to run 'git help %s': %s\n", page,
		strerror(errno));
	return 128;
}

static int unknown_option(const struct parse *p, const char *arg, size_t length)
{
	struct near near = { .word = arg + 2, .length = length };

	for (const struct option *o = p->options; o->type != OPTION_END; o++)
		near_try(&near, o->name);
	if (!near.name)
		return options_usage(p->options, p->usage,
				     "unknown option '%s'", arg);
	return options_usage(p->options, p->usage,
			     "unknown option '%s'\nhint: did you mean: --%s",
			     arg, near.name);
}

static int parse_long(struct parse *p, const char *arg)
{
	const char *name = arg + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	bool negated = false;
	int matches;
	const struct option *o = by_name(p->options, name, length, &matches);

	if (!strcmp(arg, "--help"))
		return open_page(p);
	if (!matches && !strncmp(name, "no-", 3)) {
		o = by_name(p->options, name + 3, length - 3, &matches);
		negated = true;
		if (o && o->type != OPTION_FLAG)
			matches = 0;
	}
	if (!matches)
		return unknown_option(p, arg, length);
	if (!o || matches != 1)
		return options_usage(p->options, p->usage,
				     "ambiguous option '%s'", arg);
	if (equals && !takes_argument(o))
		return options_usage(p->options, p->usage,
				     "option '--%s' takes no value", o->name);
	return apply(p, o, arg, equals ? equals + 1 : NULL, negated);
}

static int parse_letters(struct parse *p, const char *arg)
{
	for (const char *c = arg + 1; *c; c++) {
		const struct option *o = by_letter(p->options, *c);
		int status;

		if (*c == 'h') {
			print_usage(stdout, p->options, p->usage);
			return 129;
		}
		if (!o)
			return options_usage(p->options, p->usage,
					     "unknown switch '%c'", *c);
		if (takes_argument(o))
			return apply(p, o, arg, c[1] ? c + 1 : NULL, false);
		status = apply(p, o, arg, NULL, false);
		if (status)
			return status;
	}
	return 0;
}

int options_parse(void *mem, const struct option *options,
		  const char *const *usage, int *argc, char **argv, int *status)
{
	struct parse p = { mem, options, usage, *argc, 0, argv };
	int kept = 0;

	*status = 0;
	for (; p.at < p.argc && !*status; p.at++) {
		char *arg = argv[p.at];

		if (!strcmp(arg, "--")) {
			while (++p.at < p.argc)
				argv[kept++] = argv[p.at];
			break;
		}
		if (!strcmp(arg, "--git-completion-helper")) {
			print_completion(options);
			return -1;
		}
		if (arg[0] != '-' || !arg[1])
			argv[kept++] = arg;
		else if (arg[1] == '-')
			*status = parse_long(&p, arg);
		else
			*status = parse_letters(&p, arg);
	}
	*argc = kept;
	return *status ? -1 : 0;
}
