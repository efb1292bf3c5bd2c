#ifndef CORE_RUN_PROVE_H
#define CORE_RUN_PROVE_H

#include "core/db/db.h"
#include "core/run/proof.h"
#include "core/run/runner.h"

/*
 * The rollback proof. Earlier migrations are replayed on a scratch database;
 * then up, compare nothing; down, compare the catalog with the one before;
 * up again, compare with the one after the first up.
 */
struct prover {
	struct db *target;	 /* what the scratch database is made beside */
	const char *scratch_url; /* or NULL */
	bool forbidden;		 /* nothing is made on the target's server */
	const char *tool;
	int (*read)(TALLOC_CTX *mem, const char *blob, char **text,
		    size_t *length, void *data, struct error *err);
	void *read_data;
	/* After each proof, and before each replay (proof is NULL). */
	void (*report)(const struct migration *m, const struct proof *proof,
		       void *data);
	void *report_data;
};

/*
 * Proves the migrations for which wanted[] is true (an array of set->count);
 * *proofs gets one entry each, in order. A migration before them that cannot
 * be replayed is an error when it is not wanted itself. A script that fails
 * or does not restore is a proof's outcome, not an error.
 */
int prove(TALLOC_CTX *mem, const struct prover *prover, const struct set *set,
	  const bool *wanted, struct proof ***proofs, size_t *count,
	  struct error *err);

/*
 * Runs the ups for which wanted[] is true on a scratch database, in order. Of
 * the prover only `read` is needed.
 */
int prove_replay(const struct prover *prover, const struct set *set,
		 const bool *wanted, struct db *scratch, struct error *err);

#endif
