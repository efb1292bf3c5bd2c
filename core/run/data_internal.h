#ifndef CORE_RUN_DATA_INTERNAL_H
#define CORE_RUN_DATA_INTERNAL_H

#include "core/run/data.h"
#include "core/run/fill.h"
#include "core/run/rows.h"

/* Between data.c and made.c. */

/* A pair that is being proven. */
struct pair {
	struct script *scripts[2]; /* by direction; NULL: cannot be read */
	const char **touched;	   /* tables that are there, or were */
	size_t touched_count;
	struct row_image *images[4]; /* by moment */
	bool watched;
	bool lossless; /* the down has brought every row back */
};

struct data {
	const struct prove_rows *wish;
	size_t first; /* the first wanted migration */
	struct sample *sample;
	bool *restored; /* by place in the set: the backup has it */
	struct pair *pair;
};

int data_run(struct bench *bench, const struct migration *m,
	     enum direction direction, struct error *err);
/* The rows of scratch, as they are at that moment. */
int data_read(struct bench *bench, struct pair *pair, enum data_moment moment,
	      struct error *err);
/* Once the first three moments were read, and all four: what is not as it
   should be goes into the proof. As data_finish(). */
void data_judge_down(struct bench *bench, struct proof *proof);
int data_judge_again(struct bench *bench, struct proof *proof,
		     const struct migration *m, struct error *err);

/* made.c: rows that are made up. From scratch as it is after an up; as
   data_finish(). */
int data_generate(struct bench *bench, struct proof *proof,
		  const struct migration *m, bool more, bool *spoiled,
		  struct error *err);

#endif
