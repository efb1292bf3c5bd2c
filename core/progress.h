#ifndef CORE_PROGRESS_H
#define CORE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "core/db/db.h"
#include "core/sql/script.h"

#define PROGRESS_OWNER_LENGTH 32 /* hexadecimal digits */

/*
 * How far a script has come that runs statement by statement: one row of the
 * table git_migrate_progress while it is unfinished, beside its row in the
 * ledger. What a statement did and this row's word on it are one transaction
 * wherever the database can do that; elsewhere the row says before what is
 * about to be done.
 */
struct progress {
	int64_t version;
	int done; /* statements that are carried out */
	char digest[SCRIPT_DIGEST_LENGTH + 1]; /* of their texts */
	/* the statement (from 1) that was begun outside of a transaction and
	   of which nothing is known since; 0: none */
	int started;
	const char *witness;  /* see struct db_engine; NULL: none */
	const char *position; /* where in a batched statement it is, or NULL */
	/* The run that goes on with it. Whoever takes it over writes another
	   one, and from then on nothing that the other run does lasts. */
	char owner[PROGRESS_OWNER_LENGTH + 1];
};

/* A new one, by chance. */
void progress_own(struct progress *progress);

/* Makes the table where it is missing, in a transaction of its own. */
int progress_create(struct db *db, struct error *err);

/* *progress is NULL when there is no row (or no table). */
int progress_read(TALLOC_CTX *mem, struct db *db, int64_t version,
		  struct progress **progress, struct error *err);

/*
 * In the transaction that is open, or one of their own. ERROR_BUSY when the
 * row is not that owner's any more: nothing of ours may last then.
 */
int progress_insert(struct db *db, const struct progress *progress,
		    struct error *err);
int progress_update(struct db *db, const struct progress *progress,
		    struct error *err);
int progress_remove(struct db *db, const struct progress *progress,
		    struct error *err);
/* One goes, and another migration's comes. */
int progress_pass_on(struct db *db, const struct progress *progress,
		     const struct progress *next, struct error *err);
/* Makes what another run has left this one's: gives it a new owner. */
int progress_take_over(struct db *db, struct progress *progress,
		       struct error *err);

#endif
