#ifndef CORE_THREAD_JOIN_H
#define CORE_THREAD_JOIN_H

#include <stdbool.h>
#include <talloc.h>

/*
 * One comment of two that people wrote at once, each its text with the marker.
 * What was measured is as `later` has it, but a rollback that `earlier` knows
 * to be tested is not untested because the later one lacked the proof. What
 * people wrote is there from both; `base` (or NULL) tells what somebody took
 * away. NULL: they are not in the shape of templates/comment.md.
 */
char *comment_join(TALLOC_CTX *mem, const char *base, const char *later,
		   const char *earlier);

#endif
