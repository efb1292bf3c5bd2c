#ifndef CORE_REPORT_PHRASES_H
#define CORE_REPORT_PHRASES_H

#include "core/run/facts.h"

/*
 * What the terminal, a page and a comment say alike about the facts. No name
 * of a relation or a person is in any of these, so that each of them can write
 * it in its own way; what is not known is left out or said to be unknown.
 */

/* How much of what others do a lock of that mode keeps out. */
enum lock_strength {
	LOCK_FOR_READING, /* only what keeps everyone out has to wait */
	LOCK_FOR_WRITING, /* also what needs the table to stand still */
	LOCK_OUT_WRITERS,
	LOCK_OUT_ALL,
};

enum lock_strength lock_strength(const char *mode);
/* "keeps everyone out" */
const char *phrase_strength(enum lock_strength strength);

/* "1.2 s", or "1.2 s (at least 1.1 s)" when that is another number. */
char *phrase_held(TALLOC_CTX *mem, const struct fact_lock *lock);
/* "at least 1.1 s"; NULL: not known, or the same number. */
char *phrase_least(TALLOC_CTX *mem, const struct fact_lock *lock);
/* "3.0 ms"; NULL: not known. */
char *phrase_waited(TALLOC_CTX *mem, const struct fact_lock *lock);
/* What was done to the relation meanwhile: "rewritten, read whole" or "". */
const char *phrase_done(const struct fact_lock *lock);
/* "99 ms", or "99 ms (at most 119 ms)" */
char *phrase_victim_waited(TALLOC_CTX *mem, const struct fact_victim *victim);
/* "rewritten, 6 indexes rewritten, read whole 7 times (14,000 rows)" */
char *phrase_effect(TALLOC_CTX *mem, const struct fact_effect *effect);
/* "COPY, waited 3.0 ms (at most 3.5 ms), up to 8.2 kB of WAL", or "" */
char *phrase_statement(TALLOC_CTX *mem, const struct fact_statement *statement);
/* "kept 3 sessions waiting, the longest 1.2 s"; NULL: none was seen. */
char *phrase_kept_waiting(TALLOC_CTX *mem, const struct facts *facts);

/* The table was there before the run, so that others may use it. */
bool is_old_table(const struct facts *facts, const char *relation);

/*
 * Negative when others have more to fear from the first of two locks: what
 * keeps them out of what they could use already comes before what was made just
 * now and before readers' locks, then the strongest, on a table, then the
 * longest.
 */
int lock_order(const struct facts *facts, const struct fact_lock *one,
	       const struct fact_lock *two);
/* The first of all in that order, for where only one is told; NULL: none. */
const struct fact_lock *headline_lock(const struct facts *facts);

#endif
