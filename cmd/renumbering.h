#ifndef CMD_RENUMBERING_H
#define CMD_RENUMBERING_H

#include "cmd/cmd.h"
#include "core/renumber.h"
#include "core/restamp.h"
#include "core/scaffold/place.h"

/*
 * What `git migrate renumber` renames, and where. All of these return -1 with
 * the command's error.
 *
 * The journal is there from before the first file is renamed until all is done:
 * the next run completes what was cut off.
 */

/* A database that has some of them applied. */
struct holder {
	const char *name; /* as --target takes it; NULL: the configured one */
	const char *shown;
	struct restamp *list;
	size_t count;
};

struct renumber {
	struct cmd cmd;
	bool dry_run;
	const char *upstream;
	int64_t *versions;
	size_t version_count;

	struct set *here, *theirs, *after;
	const char *theirs_name;
	struct place *place;
	struct renumbering *list;
	size_t count;
	struct holder *holders;
	size_t holder_count;
	size_t moved;	  /* files, for the way back */
	const char *path; /* of the journal */
	char *unproven;	  /* the versions whose proofs hold no more; or NULL */
	size_t unproven_count;
};

/* So many are named one by one, and looked for. */
#define UNPROVEN_NAMED 5

char *renumbering_label(TALLOC_CTX *mem, int64_t version, const char *name);

/* Which databases have them applied; refuses where one may not be changed. */
int renumbering_look(struct renumber *r);
/* Files, ledgers, what was written for comments, and proofs. */
int renumbering_carry_out(struct renumber *r);
/* What was cut off here, if anything: *found. */
int renumbering_finish(struct renumber *r, bool *found);

#endif
