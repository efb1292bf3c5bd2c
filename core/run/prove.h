#ifndef CORE_RUN_PROVE_H
#define CORE_RUN_PROVE_H

#include "core/db/db.h"
#include "core/run/proof.h"
#include "core/run/runner.h"
#include "core/run/unwind.h"

/* What is about to be done with a migration, or has been (PROVE_DONE). */
enum prove_stage {
	PROVE_REPLAY,
	PROVE_ALONE,
	PROVE_DONE,
	PROVE_UNWIND,
	PROVE_AGAIN, /* up again after the unwind */
};

struct prove_report {
	enum prove_stage stage;
	const struct migration *migration;
	const struct proof *proof; /* of PROVE_DONE */
	size_t at, total;	   /* number `at`, from 1, of this stage */
};

/*
 * The rollback proof. Earlier migrations are replayed on a scratch database;
 * then up; down, compare the catalog with the one before; up again, compare
 * with the one after the first up. A script that says that it is idempotent
 * runs twice. With `unwind` the down scripts of all from the newest to the
 * oldest wanted one then run in a row, and their ups again.
 */
enum prove_rows_source {
	PROVE_ROWS_NONE,
	PROVE_ROWS_GENERATED,
	PROVE_ROWS_SAMPLE, /* of the target */
	PROVE_ROWS_BACKUP, /* instead of an empty database */
};

/* The rows that the scripts run on, see data.h. */
struct prove_rows {
	enum prove_rows_source source;
	int64_t count;	  /* of each touched table */
	const char *path; /* of the backup */
};

/* How many are made up when nobody says. */
#define PROVE_ROWS 10

struct prover {
	struct db *target;	 /* what the scratch database is made beside */
	const char *scratch_url; /* or NULL */
	bool forbidden;		 /* nothing is made on the target's server */
	struct prove_rows rows;
	bool unwind;
	/* The unwind goes over these, too, which need no new proof: as
	   wanted[], or NULL. */
	const bool *span;
	const char *tool;
	int (*read)(TALLOC_CTX *mem, const char *blob, char **text,
		    size_t *length, void *data, struct error *err);
	void *read_data;
	void (*report)(const struct prove_report *report, void *data);
	void *report_data;
};

struct proving {
	struct proof **proofs; /* of the wanted ones, in order */
	size_t count;
	struct unwind *unwind; /* or NULL: none was asked for */
};

/*
 * Proves the migrations for which wanted[] is true (an array of set->count).
 * A migration before them that cannot be replayed is an error when it is not
 * wanted itself. A script that fails or does not restore is a proof's outcome,
 * not an error.
 */
int prove(TALLOC_CTX *mem, const struct prover *prover, const struct set *set,
	  const bool *wanted, struct proving *proving, struct error *err);

/*
 * Runs the ups for which wanted[] is true on a scratch database, in order. Of
 * the prover only `read` is needed.
 */
int prove_replay(const struct prover *prover, const struct set *set,
		 const bool *wanted, struct db *scratch, struct error *err);

#endif
