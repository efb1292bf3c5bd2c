#ifndef CORE_RUN_PROOF_H
#define CORE_RUN_PROOF_H

#include <jansson.h>
#include <talloc.h>

#include "core/db/catalog.h"
#include "core/migration.h"
#include "core/run/timing.h"
#include "core/state.h"

/*
 * A rollback proof: what up, down, up did to the catalog of a scratch
 * database, and the key that says what it is a proof of. It is kept as one
 * JSON line in the note (refs/notes/migrate-proofs) of the up script's blob.
 */

enum proof_outcome {
	PROOF_PROVEN,
	PROOF_DIFFERS,	    /* down ran, but not everything is as before */
	PROOF_FAILED,	    /* a script failed */
	PROOF_IRREVERSIBLE, /* the down script says that it cannot undo */
};

const char *proof_outcome_name(enum proof_outcome outcome);

struct proof_difference {
	const char *kind, *name;
	const char *stage;	      /* "down": not as before the up;
					 "up again": not as after the first up;
					 "up twice", "down twice": not as after
					 once, as the script says */
	const char *expected, *found; /* definitions, or NULL */
	bool order_only;
	const char *repair; /* statements that, added to the down script, were
			       seen to mend this; or NULL */
};

/* What is no failure, but worth knowing. */
struct proof_finding {
	const char *rule;     /* "slow-rollback" */
	const char *severity; /* "warning" */
	const char *message;
};

/* What became of rows that were there, see rows.h. */
enum row_change {
	ROWS_CHANGED, /* in `column` */
	ROWS_GONE,
	ROWS_EXTRA,
	ROWS_OTHER, /* they are not the same: too many to say which */
};

struct proof_row {
	const char *key;	      /* "id 3", or NULL */
	const char *expected, *found; /* shortened; NULL: no such row */
};

struct proof_row_difference {
	const char *stage; /* as above */
	enum row_change change;
	const char *table, *column; /* column: NULL unless ROWS_CHANGED */
	int64_t rows, of;	    /* how many, of how many before */
	struct proof_row examples[3];
	size_t example_count;
	const char *declared; /* the text of the data-loss line, or NULL */
	bool unsteady;	      /* the up script never does the same twice */
};

struct proof_table {
	const char *name;
	int64_t rows;
	const char *reason; /* why it has none, or NULL */
	bool made;	    /* they were put there for the proof */
};

/* The rows that were there; all strings may be of the proof or static. */
struct proof_data {
	const char *source; /* "generated", "migrations" (by those before it),
			       "sample", "backup", "none" */
	const char *at;	    /* RFC 3339 UTC, or NULL */
	struct proof_table *tables;
	size_t table_count;
	const char *refused; /* why the up script did not take them, or NULL */
};

const char *row_change_name(enum row_change change);
/* In one line: "3 of 10 rows of users: column a not restored (...)". */
char *row_difference_text(TALLOC_CTX *mem,
			  const struct proof_row_difference *d);
/* Whether it fails the proof. */
bool row_difference_counts(const struct proof_row_difference *d);

struct proof {
	/* the key */
	int64_t version;
	const char *up_blob, *down_blob;
	const char *engine;
	int major;
	const char *schema;  /* fingerprint of the catalog it started from */
	const char *history; /* of the versions and up blobs before it */
	/* the facts */
	const char *name;
	enum proof_outcome outcome;
	const char *at; /* RFC 3339 UTC */
	const char *tool;
	const char *server_version;	 /* in full: "15.18" */
	double up_ms, down_ms, again_ms; /* -1: did not run */
	struct proof_difference *differences;
	size_t difference_count;
	struct proof_data data;
	struct proof_row_difference *row_differences;
	size_t row_difference_count;
	const char *error;	 /* why it failed or is irreversible, or NULL */
	const char *error_place; /* "path:line:column", or NULL */
	const char *failed_stage; /* "up", or as in struct proof_difference */
	/* by direction; what was measured is not recorded as it is */
	struct facts *facts[2];
	struct timing *timing[2];
	struct proof_finding *findings;
	size_t finding_count;
	/* the statements that mend the down script, in the order that worked */
	const char **repairs;
	size_t repair_count;
};

json_t *proof_differences_json(const struct proof_difference *list,
			       size_t count);
/* An element of "proofs" in the JSON of prove; new reference. */
json_t *proof_json(const struct proof *proof);

/* The note's text with this proof in it: a line with the same key goes. */
char *proof_note(TALLOC_CTX *mem, const char *old, const struct proof *proof);

/*
 * The note's text where the proofs of a migration, as it was, are those of
 * what it is now: the same scripts, after the same ones.
 */
struct proof_move {
	const struct migration *was, *now;
	const char *was_history, *now_history;
};
char *proof_note_move(TALLOC_CTX *mem, const char *old,
		      const struct proof_move *move);

/*
 * For each migration of a sorted set: the digest of all versions and up blobs
 * before it. An array of set->count strings.
 */
const char **proof_histories(TALLOC_CTX *mem, const struct set *set);

/* Proofs read back from the notes, by up blob. */
struct proofs;
struct proofs *proofs_new(TALLOC_CTX *mem);
bool proofs_are_empty(const struct proofs *proofs);
void proofs_add(struct proofs *proofs, const char *up_blob, const char *text,
		size_t length);

/* What of a proof's key is not what it is now. */
enum proof_change {
	PROOF_CHANGED_UP = 1 << 0,
	PROOF_CHANGED_DOWN = 1 << 1,
	PROOF_CHANGED_HISTORY = 1 << 2,
	PROOF_CHANGED_ENGINE = 1 << 3,
	PROOF_CHANGED_MAJOR = 1 << 4,
	PROOF_CHANGED_VERSION = 1 << 5,
};
#define PROOF_CHANGES 6

/* The changes of a proof in words: "up script changed", "engine 15 -> 17".
   Returns how many; they are on mem. */
int proof_changes(TALLOC_CTX *mem, const struct proof *proof,
		  const struct migration *m, const char *history,
		  const char *engine, int major,
		  const char *texts[PROOF_CHANGES]);

/*
 * Whether there is a proof for this pair: valid when all of the key that can
 * be known without a scratch database agrees, stale when there is one of this
 * version, or of this up script, but some part has changed. Without an engine
 * (NULL) a proof on any counts. *best (may be NULL)
 * gets the proof that decided, its strings owned by proofs.
 */
enum proof_state proofs_judge(const struct proofs *proofs,
			      const struct migration *m, const char *history,
			      const char *engine, int major,
			      const struct proof **best);

#endif
