#ifndef CMD_REPAIRING_H
#define CMD_REPAIRING_H

#include "cmd/session.h"
#include "core/run/repair.h"

/* `git migrate repair`, between its files. */

struct repairing {
	struct session s;
	bool resume, skip, clean_up, mark_done, mark_undone;
	int64_t version; /* -1: whichever is unfinished */
	struct plan plan;
	struct repair repair;
};

/* "20260213120000_add_email" */
char *repairing_label(TALLOC_CTX *mem, const struct repair *repair);
/* Statement n's place, kind and what it is about. */
char *repairing_statement(TALLOC_CTX *mem, const struct script *script, int n);

/* Whether the scripts are there that going on takes. */
bool repairing_is_here(const struct repairing *r);
/* The error that they are not, with how to have them. */
int repairing_not_here(struct repairing *r);

/* What is known of it, and the ways on. */
void repairing_show(struct repairing *r);
void repairing_show_json(struct repairing *r);

#endif
