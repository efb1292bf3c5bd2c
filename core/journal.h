#ifndef CORE_JOURNAL_H
#define CORE_JOURNAL_H

#include <talloc.h>

#include "core/ledger.h"
#include "core/migration.h"

/*
 * What a switch of branches has to know when it is cut off: where it came from
 * and where it goes. How far it is stands nowhere but in the ledger and in git,
 * which both tell for certain.
 */
struct journal {
	const char *target;   /* as people call it */
	const char *database; /* struct db's label */
	const char *place; /* where that is: two servers may have one so called;
			      NULL in a file of an earlier version */
	const char *from_commit, *from_branch; /* branch: NULL when detached */
	const char *to_commit, *to_name; /* name: as git switch takes it */
	bool to_detached;
	/* where a git switch was sent that may not have ended */
	enum heading { HEADING_NOWHERE, HEADING_TO, HEADING_FROM } heading;
	/* what was applied before it, in the ledger's order */
	struct ledger_row *rows;
	size_t row_count;
};

/* Takes the rows of a ledger, which has to live as long. ERROR_REFUSED when one
   is unfinished: there is no way back to that. */
int journal_take(struct journal *journal, const struct ledger *ledger,
		 struct error *err);

/* The rows as a set, for sync_plan(). Paths are made up, in `dir`. */
struct set *journal_set(TALLOC_CTX *mem, const struct journal *journal,
			const char *dir);

/*
 * Reads the file; *journal is NULL when there is none. Writing is whole or not
 * at all, and on the disk when it returns.
 */
int journal_read(TALLOC_CTX *mem, const char *path, struct journal **journal,
		 struct error *err);
int journal_write(const struct journal *journal, const char *path,
		  struct error *err);
int journal_remove(const char *path, struct error *err);

#endif
