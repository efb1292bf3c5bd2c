#ifndef CMD_SWITCHING_H
#define CMD_SWITCHING_H

#include "cmd/syncing.h"
#include "core/journal.h"

/*
 * What `git migrate switch` goes there and back with. All of these return -1
 * with the session's error.
 *
 * The journal is there from before anything is changed until all is done. What
 * is left of a switch that was cut off is told by git and by the ledger, so
 * that going on is planning again, and going back is a sync to what was applied
 * before.
 */
struct switching {
	struct session s;
	struct syncing y;
	const char *name;
	bool detach, go_on, abort, dry_run;

	const char *path;	 /* of the journal */
	struct journal *journal; /* NULL: nothing was cut off */
	struct destination to;
	bool begun;
	bool alone; /* no git switch of ours runs besides: it would hold the
		       lock of one at a time */
};

/* After something has changed in git. */
int switching_open_again(struct switching *w);
int switching_keep_journal(struct switching *w, enum heading heading);
/* git switch, noted down while it runs. */
int switching_go(struct switching *w, const struct destination *to,
		 enum heading heading);
/* The branch may be gone by now: then its commit. */
struct destination switching_branch_or(struct switching *w, const char *branch,
				       const char *commit);
/* Where it came from. */
struct destination switching_origin(struct switching *w);

/* From now on what a commit's .gitmigrate says: its folder may have another
   name. Refuses to begin where it has another database for the target. */
int switching_settings_of(struct switching *w, const char *commit);

/* What was applied before is what is here. */
int switching_read_before(struct switching *w);
/* Brings git, then the database, back where they were. */
int switching_go_back(struct switching *w);
/* Not where the database is out of reach: that is gone back with later. */
bool switching_can_go_back(const struct switching *w);
/* Does so after a failure. Its error stays, unless this fails, too. */
void switching_undo(struct switching *w);
void switching_hint_ways(struct switching *w);

#endif
