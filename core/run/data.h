#ifndef CORE_RUN_DATA_H
#define CORE_RUN_DATA_H

#include "core/run/prove_internal.h"

/*
 * The proof on rows. Real ones, from a backup or a sample of the target, are
 * there when the first wanted migration is run, and stay: what the scripts make
 * of them is looked at between the steps of the proof. Rows that are made up
 * come in when a pair has restored the schema, as an up script may refuse
 * them: then up, down, up once more.
 *
 * After down the rows have to be those before the up; what is not is a
 * difference, which passes when a data-loss line declares it. What the second
 * up makes of the same rows otherwise than the first is not the down script's
 * doing, but now(), random(), a sequence: reported, and no failure.
 */
struct data;

/* On bench->mem. Takes the sample, where one is wanted. */
int data_open(struct bench *bench, const bool *wanted, struct error *err);
/* A scratch database was made: a backup is restored into it. */
int data_restore(struct bench *bench, struct db *scratch, struct error *err);
/* Before migration `at` is run on it; 1: it must not be, as it came with the
   backup. */
int data_before(struct bench *bench, struct db *scratch, size_t at,
		struct error *err);

/* Between the steps of one proof. */
enum data_moment { DATA_BEFORE, DATA_AFTER, DATA_REVERTED, DATA_AGAIN };
int data_look(struct bench *bench, struct proof *proof,
	      const struct migration *m, enum data_moment moment,
	      struct error *err);
/*
 * After them, whatever came of it: compares, or makes rows up and compares.
 * `more`: scratch has to be as after an up, without rows of ours. 1 when a
 * script failed on the rows. *spoiled: scratch is of no more use.
 */
int data_finish(struct bench *bench, struct proof *proof,
		const struct migration *m, bool more, bool *spoiled,
		struct error *err);

#endif
