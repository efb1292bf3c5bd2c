#ifndef CORE_RUN_RUNNER_INTERNAL_H
#define CORE_RUN_RUNNER_INTERNAL_H

#include "core/run/runner.h"

/* --- prepare.c ------------------------------------------------------------ */

/* Reads and checks the item's scripts unless the preparation kept them. */
int runner_load(TALLOC_CTX *mem, struct runner *runner, struct plan_item *item,
		struct error *err);

/* --- count.c: rows of the tables of one run -------------------------------- */

/*
 * Along with the script's transaction where the engine can do that, otherwise
 * by round trips of their own before and after it. What cannot be counted (no
 * right to read it) is not counted, and no failure.
 */
struct run_counts {
	struct runner *runner;
	struct facts *facts; /* gets the tables and their rows */
	TALLOC_CTX *mem;
	bool along;
	struct db_count *counts; /* the first `count` of facts->tables */
	size_t count;
};

/* Before begin(). */
void run_counts_before(struct run_counts *c, struct script *script);
/* Once the script has run, whether or not it failed. */
void run_counts_take_before(struct run_counts *c);
/* Before commit(), and after it has succeeded. */
void run_counts_along_commit(struct run_counts *c);
void run_counts_take_after(struct run_counts *c);

#endif
