#ifndef CMD_NEAR_H
#define CMD_NEAR_H

#include <stddef.h>

/*
 * The one of some names that was meant by a word that is none of them: what
 * differs from it by a slip or two, or begins with it.
 *
 *	struct near near = { .word = "statsu" };
 *	for each name: near_try(&near, name);
 *	near.name is "status", or NULL
 */
struct near {
	const char *word;
	size_t length; /* of the word; 0: all of it */
	const char *name;
	size_t slips; /* that it differs by */
};

void near_try(struct near *near, const char *name);

#endif
