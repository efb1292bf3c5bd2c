#ifndef CMD_PROVEN_H
#define CMD_PROVEN_H

#include "cmd/cmd.h"

/*
 * Proofs for hooks, which open no database: one on any engine counts. Only the
 * notes of the pairs that are asked about are read.
 */
struct proven {
	struct cmd *cmd;
	const char *notes;     /* the ref, or a commit of it */
	const struct set *set; /* all migrations, sorted */
	const char **histories;
};

/* `notes` NULL: PROOFS_REF. */
void proven_init(struct proven *p, struct cmd *cmd, const char *notes,
		 const struct set *set);
/* Whether there is any proof of the up script in PROOFS_REF. */
int proven_has(struct cmd *cmd, const struct migration *m, bool *has);
/* m is one of the set's. *best is the proof that decided, or NULL. */
int proven_judge(struct proven *p, const struct migration *m,
		 enum proof_state *state, const struct proof **best);
/* What the trailer says of it: "LABEL, sqlite 3, 2026-02-13T12:00:00Z". */
char *proven_text(TALLOC_CTX *mem, const struct migration *m,
		  const struct proof *proof);

#endif
