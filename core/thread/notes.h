#ifndef CORE_THREAD_NOTES_H
#define CORE_THREAD_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/*
 * How two versions of a note become one, so that of what two people wrote at
 * once nothing is lost.
 */
enum note_kind {
	NOTE_COMMENTS, /* union by marker, two of one marker are joined */
	NOTE_LINES,    /* each line once, sorted: git's cat_sort_uniq */
};

/* By the name of its ref: refs/notes/migrate has comments, the others lines. */
enum note_kind note_kind_of(const char *ref);

/* Whether the name, without refs/notes/, is that of a ref of ours. */
bool note_ref_is_ours(const char *name);

/* Comments of one marker that both sides had changed, as labels. */
struct note_joined {
	TALLOC_CTX *mem; /* owns the list and its strings */
	char **list;
	size_t count;
};

/*
 * The note of which one side has `ours`, the other `theirs`, and both began
 * with `base`; each NULL when there is none. What only one side has changed is
 * as that side has it. NULL: it is gone.
 */
char *note_merge(TALLOC_CTX *mem, enum note_kind kind, const char *base,
		 const char *ours, const char *theirs,
		 struct note_joined *joined);

#endif
