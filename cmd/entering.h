#ifndef CMD_ENTERING_H
#define CMD_ENTERING_H

#include "cmd/gate.h"

/* What enters a branch with some commits, for `check` and the hooks of a push:
   names, blob ids, scripts and proofs. */
struct entering {
	struct cmd *cmd;
	const char *base; /* what was there before; NULL: nothing */
	const char *tip;
	const char *name;  /* of the branch that it enters */
	const char *there; /* that branch's commit, or NULL */
	/* what the branch is called where the commits come from; NULL: name */
	const char *revision;
	bool proof;	   /* new pairs need a valid one */
	bool order;	   /* older ones are refused, too */
	const char *notes; /* the proofs, see struct proven */
	bool receives;	   /* here is the server, which knows what was sent */

	struct gate gate;
};

/* Fills gate; -1 with cmd->err only when it cannot be said. */
int entering_check(struct entering *e);

/* Whether a branch ("main") matches migrate.protectedBranch: patterns with
   blanks between them. */
bool branch_is_protected(const struct cmd *cmd, const char *branch);
/* migrate.requireProof */
int proof_is_required(struct cmd *cmd, bool *required);

#endif
