#ifndef CORE_RENUMBER_JOURNAL_H
#define CORE_RENUMBER_JOURNAL_H

#include <talloc.h>

#include "core/renumber.h"

/*
 * What a renumbering is about to do, so that one that is cut off can be
 * completed: all of its steps may be done twice.
 */
struct renumber_step {
	int64_t from, to;
	const char *name;
	const char *path[2]; /* of the scripts, as they were; or NULL */
	bool tracked[2];     /* the index knew it */
};

struct renumber_journal {
	struct renumber_step *steps;
	size_t count;
};

void renumber_journal_take(TALLOC_CTX *mem, const struct renumbering *list,
			   size_t count, struct renumber_journal *journal);

/* *journal is NULL when there is none. Writing is whole or not at all. */
int renumber_journal_read(TALLOC_CTX *mem, const char *path,
			  struct renumber_journal **journal, struct error *err);
int renumber_journal_write(const struct renumber_journal *journal,
			   const char *path, struct error *err);

/*
 * What was planned, from what is here once all files are renamed: *before, the
 * set as it was, and the list of what became of it. A migration that is not
 * here any more is left out.
 */
void renumber_journal_plan(TALLOC_CTX *mem,
			   const struct renumber_journal *journal,
			   const struct set *after, struct set **before,
			   struct renumbering **list, size_t *count);

#endif
