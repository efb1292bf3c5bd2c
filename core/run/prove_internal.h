#ifndef CORE_RUN_PROVE_INTERNAL_H
#define CORE_RUN_PROVE_INTERNAL_H

#include "core/run/prove.h"

/* What the files of the proof share. */

/* The scratch databases of one call, and what stands in them. */
struct bench {
	const struct prover *prover;
	const struct set *set;
	struct db *scratch;    /* up, down, up happens here */
	struct catalog *known; /* of scratch as it is, or NULL */
	TALLOC_CTX *mem;

	/* Ups only, to make scratch anew from after a failure. It is made when
	   that is first needed, and then catches up. */
	struct db *main;
	size_t replayed; /* how many of the set main has gone through */
	bool *applied;	 /* by place in the set: its up ran */

	struct data *data; /* the rows, see data.h */

	/* for the unwind: what each up has changed, by place in the set; NULL
	   when there will be none */
	struct catalog_step **steps;
	size_t first, last; /* the oldest and the newest that are proven */
	bool *sound; /* by place in the set: its proof, if there is one, is
			good */
};

/*
 * Runs one script. *facts, when asked for, gets what it measured, on mem; NULL
 * when it failed.
 */
int bench_run(TALLOC_CTX *mem, struct bench *bench, struct db *db,
	      const struct migration *m, enum direction direction,
	      struct facts **facts, struct error *err);
/* The catalog of scratch as it is now. */
int bench_look(struct bench *bench, TALLOC_CTX *mem, struct catalog **catalog,
	       struct error *err);
/* The text of a directive in one half, "" when it takes none; NULL when it is
   not there, or the script cannot be read, which running it will tell. */
char *bench_directive(TALLOC_CTX *mem, struct bench *bench,
		      const struct migration *m, enum direction direction,
		      enum directive_kind kind);
/* Makes scratch anew, as it is after the ups of the first `count` that ran. */
int bench_start_again(struct bench *bench, size_t count, struct error *err);
void bench_report(const struct bench *bench, enum prove_stage stage, size_t at,
		  const struct proof *proof);

/* Scripts that lost the connection or the person's patience prove nothing. */
bool prove_is_fatal(const struct error *err);
/* The error's text and, when it has one, its place, both on mem; the error is
   released. */
char *prove_error_text(TALLOC_CTX *mem, struct error *err, char **place);

/* Adds differences to a list on mem; whether one of them counts. */
bool prove_compare(TALLOC_CTX *mem, struct proof_difference **list,
		   size_t *count, const char *stage,
		   const struct catalog *expected, const struct catalog *found);

/* --- mending.c ------------------------------------------------------------ */

/*
 * Looks for statements that, added to the down script, would make scratch as
 * it was before the up: tries what the engine proposes, and keeps what has
 * helped. *found is the catalog of scratch, before and after that.
 */
int mending_try(struct bench *bench, struct proof *proof,
		const struct catalog *expected, struct catalog **found,
		struct error *err);

/* --- unwind.c ------------------------------------------------------------- */

/* From scratch as it is after the last migration, whose catalog is known. */
int unwind(struct bench *bench, struct unwind **out, struct error *err);

#endif
