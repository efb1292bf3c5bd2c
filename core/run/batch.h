#ifndef CORE_RUN_BATCH_H
#define CORE_RUN_BATCH_H

#include <stdint.h>
#include <talloc.h>

#include "core/sql/script.h"

/* Batches, as far as nothing is run: sizes, and where one is. */

/* What holds them back. */
struct batch_limits {
	int target_ms;	 /* no batch should take longer; 0: of no matter */
	int max_lag_ms;	 /* of the replica that is furthest behind */
	int max_waiting; /* sessions that wait for a lock */
};

#define BATCH_LIMITS_DEFAULT                                                   \
	{                                                                      \
		.target_ms = 200, .max_lag_ms = 10000, .max_waiting = 3        \
	}

/* How far a statement is; the ledger keeps it as text. */
struct batch_position {
	char digest[SCRIPT_DIGEST_LENGTH + 1]; /* of the statement */
	int count;			       /* columns of the key */
	const char **names;
	const char **after; /* literals of the last key that is done, or NULL */
	const char **last;  /* ... at which it ends; NULL: there was no row */
	int64_t size;	    /* of the next batch, in rows */
	int64_t walked;	    /* rows that were gone by, changed or not */
	int64_t rows;	    /* affected */
	int64_t batches;
	int64_t total; /* rows to go by, about; -1: not known */
};

char *batch_position_text(TALLOC_CTX *mem,
			  const struct batch_position *position);
/* NULL when it cannot be read. */
struct batch_position *batch_position_parse(TALLOC_CTX *mem, const char *text);

/* Rows to begin with where a batch shall be a small part of `most`. */
int64_t batch_small_size(int64_t most);
/*
 * How many rows the next batch shall have, when one of that size took so long:
 * never more than `most`.
 */
int64_t batch_next_size(int64_t size, int64_t most, double took_ms,
			double target_ms);

/* What there is to tell after a batch. */
struct batch_report {
	int64_t walked, total; /* see struct batch_position */
	int64_t rows;
	int64_t walked_now; /* in this run ... */
	double elapsed_ms;  /* ... in this time */
};

#endif
