#ifndef CORE_RUN_TIMING_H
#define CORE_RUN_TIMING_H

#include <jansson.h>

#include "core/run/facts.h"

struct db;
struct proof;

/*
 * How long a script took on a scratch database, and what that lets expect of
 * the target: the time of a statement that rewrites, reads or changes a table
 * grows with the rows of the table, that of the others stays as it is.
 */

/* From fewer rows than these nothing is concluded about more. */
#define TIMING_LEAST_ROWS 1000
/* A rollback that takes longer is a finding. */
#define TIMING_SLOW_MS (5 * 60 * 1000)

struct timing_table {
	const char *name;
	int64_t rows;	     /* on scratch, before the script; -1: not there */
	int64_t target_rows; /* -1: not there, or not known */
	bool estimated;	     /* target_rows */
	bool worked;	     /* a statement goes through its rows */
	double factor; /* target_rows / rows, at least 1; -1: not enough rows
			  to tell */
};

struct timing_lock {
	const char *relation, *mode;
	double held_ms, bound_ms; /* as in struct fact_lock */
	double expected_ms;	  /* on the target; -1: cannot be told */
	const struct timing_table *table; /* whose rows count most, or NULL */
};

struct timing {
	double ms, expected_ms; /* -1: cannot be told */
	struct timing_table *tables;
	size_t table_count;
	struct timing_lock *locks;
	size_t lock_count;
	const struct timing_table *table; /* as in struct timing_lock */
	const struct facts *facts;	  /* not recorded */
};

/* What a run measured; facts have to live as long. */
struct timing *timing_new(TALLOC_CTX *mem, const struct facts *facts);
/* Works out what is expected, once target_rows are filled in. */
void timing_scale(struct timing *timing);
/* "from 1,000 rows of users on scratch to ~2,000,000 on the target: × 2000" */
char *timing_table_text(TALLOC_CTX *mem, const struct timing_table *table);
/* New reference; null for NULL. */
json_t *timing_json(const struct timing *timing);
/* Of what timing_json() wrote only times and tables; NULL: there is none. */
struct timing *timing_read(TALLOC_CTX *mem, const json_t *json);
/* The rows that a proof had in a table at its first up; -1: not there. */
int64_t timing_rows(const struct timing *timing, const char *table);

/*
 * Fills in the timing of each proof from its facts, asks the target once for
 * the rows of all tables that matter, and adds findings. An error only when it
 * was interrupted: a target that cannot be asked lets expect nothing.
 */
int timing_expect(struct db *target, struct proof **proofs, size_t count,
		  struct error *err);

#endif
