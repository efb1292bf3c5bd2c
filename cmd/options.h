#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Command line options: one table a command serves the parser, -h and
 * completion; tests hold the manual pages against it.
 */

struct text_list {
	const char **list;
	size_t count;
};

struct version_list {
	int64_t *list;
	size_t count;
};

enum option_type {
	OPTION_END,
	OPTION_FLAG,	 /* bool; --no-NAME sets it to false */
	OPTION_COUNT,	 /* int, one more each time */
	OPTION_TEXT,	 /* const char * */
	OPTION_NUMBER,	 /* int, at least 1 */
	OPTION_SECONDS,	 /* int of milliseconds: "30", "1.5s", "200ms", "2m" */
	OPTION_VERSION,	 /* int64_t: 14 digits, or 0 */
	OPTION_TEXTS,	 /* struct text_list, each time one more */
	OPTION_VERSIONS, /* struct version_list */
};

struct option {
	enum option_type type;
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* shown in -h; NULL for flags */
	const char *help;
	void *value;
};

/*
 * Parses, leaves what is no option in argv[0..*argc) and returns 0; or -1
 * with *status to exit with: 129 after -h (usage on standard output) or after
 * a bad option (error and usage on standard error), 0 after
 * --git-completion-helper. Long options may be shortened while unambiguous;
 * "--" ends them. Lists are allocated with talloc on `mem`.
 */
int options_parse(void *mem, const struct option *options,
		  const char *const *usage, int *argc, char **argv,
		  int *status);

/* Prints the error and the usage; returns 129. */
int options_usage(const struct option *options, const char *const *usage,
		  const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
