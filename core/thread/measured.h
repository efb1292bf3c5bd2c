#ifndef CORE_THREAD_MEASURED_H
#define CORE_THREAD_MEASURED_H

#include "core/thread/comment.h"

/*
 * The lines of a comment that come from facts, proof and script. Each is one
 * line of Markdown, escaped; NOT_MEASURED where nothing is known.
 */
#define NOT_MEASURED "not measured"

char *measured_type(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_tables(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_rows(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_locks(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_lock_duration(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_duration(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_volume(TALLOC_CTX *mem, const struct comment_input *in);
/* "; scripts `…` and `…`", which the line of the rollback ends in. */
char *measured_scripts(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_rollback(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_testing(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_transaction(TALLOC_CTX *mem, const struct comment_input *in);
char *measured_rollback_plan(TALLOC_CTX *mem, const struct comment_input *in);

/* "PostgreSQL" for "postgresql" */
const char *measured_engine(const char *engine);

#endif
