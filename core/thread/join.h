#ifndef CORE_THREAD_JOIN_H
#define CORE_THREAD_JOIN_H

#include "core/thread/comment.h"

/*
 * One comment of two that people wrote at once, each its text with the marker.
 * What was measured is as `later` has it, but a rollback that `earlier` knows
 * to be tested is not untested because the later one lacked the proof of the
 * same scripts. What people wrote is there from both; `base` (or NULL) tells
 * what somebody took away. NULL: they are not in the shape of
 * templates/comment.md.
 */
char *comment_join(TALLOC_CTX *mem, const char *base, const char *later,
		   const char *earlier);

/*
 * A comment composed from `input` goes in the place of `existing`. Where that
 * says that the same scripts are proven, later than whatever proof the input
 * has, it goes on saying so: who posts now only lacks that proof.
 */
char *comment_keep_proof(TALLOC_CTX *mem, const struct comment_input *input,
			 char *body, const char *existing);

#endif
