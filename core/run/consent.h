#ifndef CORE_RUN_CONSENT_H
#define CORE_RUN_CONSENT_H

#include "core/backups.h"
#include "core/run/runner.h"

/*
 * What a protected target asks for before anything is run: a person who says
 * yes to each migration that destroys something, and a verified backup.
 */

enum consent_rule { CONSENT_NEVER, CONSENT_DESTRUCTIVE, CONSENT_ALWAYS };

struct consent_loss {
	int64_t version;
	const char *label; /* VERSION_name */
	const char *place; /* file:line */
	const char *what;  /* "drops table users" */
	const char *table; /* as written, that rows or a column of are lost, or
			      NULL */
};

struct consent {
	/* filled by the caller */
	enum consent_rule rule; /* which migrations need a backup */
	int64_t max_age_ms;	/* of it */
	int64_t now_us;		/* clock_wall_us() */
	const char *host;	/* see backup_host() */

	/* what would be destroyed, in the order of the run */
	struct consent_loss *losses;
	size_t loss_count;
	bool runs; /* some migration would be run at all */
	struct loss_made *made;

	/* filled by consent_backup() */
	bool needs_backup;	   /* ... and has none */
	const struct backup *good; /* the one that is good enough */
	const struct backup *near; /* it would be if it were verified */
};

/* Adds what the plan destroys; its scripts may have been split after that. */
int consent_add(TALLOC_CTX *mem, struct consent *consent, struct runner *runner,
		const struct plan *plan, struct error *err);
/* The same for the down scripts of an up plan, the last one first. */
int consent_add_downs(TALLOC_CTX *mem, struct consent *consent,
		      struct runner *runner, const struct plan *plan,
		      struct error *err);

/* Looks for a backup, as far as one is needed. */
int consent_backup(TALLOC_CTX *mem, struct consent *consent, struct db *db,
		   struct error *err);

/* The versions that destroy something, each once, in the order of the run. */
size_t consent_versions(TALLOC_CTX *mem, const struct consent *consent,
			int64_t **versions);

#endif
