#ifndef CMD_DERIVED_H
#define CMD_DERIVED_H

#include "cmd/cmd.h"
#include "core/derive/derive.h"

/* What derive and new share: a derived down script, and its proof. */
struct derived {
	struct cmd *cmd;
	/* a migration that is there: a target that has it is not asked, since
	   it no longer knows what was before; -1: it is new */
	int64_t version;
	bool up_edits; /* the up script has edit lines itself */
	struct derivation *script;
	char *problem; /* why the target could not be asked, or NULL */
	struct proof *proof;
	char *unproven; /* why there is none, or NULL */
};

/* Derives the inverse of a text; path is for messages, label for its header.
   The target is opened when it has to be asked. */
int derived_make(struct derived *d, const char *path, char *text, size_t length,
		 const char *label);

/* Proves the migration as it is in the work tree now. What keeps that from
   being tried is no error: `unproven` says it. */
int derived_prove(struct derived *d, int64_t version);

/* Says what came of both, but for --json. */
void derived_show(const struct derived *d, const char *version);
/* The proof, or null; new reference. */
json_t *derived_proof_json(const struct derived *d);

/* 1 when the proof has failed. */
int derived_status(const struct derived *d);

/* Reads a file, or standard input for "-". */
int derived_read(struct cmd *cmd, const char *path, char **text,
		 size_t *length);

#endif
