#ifndef CMD_SYNCING_H
#define CMD_SYNCING_H

#include "cmd/session.h"
#include "core/run/consent.h"
#include "core/run/sync.h"

/*
 * What sync and switch share: a session's target gets the migrations of a set,
 * in two halves, so that something else can be done in between. All of these
 * return -1 with the session's error.
 */
struct syncing {
	struct session *s;
	const char *with;   /* "the work tree", "commit 1a2b3c4d5e" */
	bool release_all;   /* nothing is on hold */
	bool finish;	    /* what was begun is completed in any case */
	const char *branch; /* that will be checked out when it is applied, or
			       NULL: what is now */
	struct sync_plan plan;
	struct consent losses;
};

/* Plans for the set that the session has, and reads and checks every script;
   the ledger has been read (session_read()). */
int syncing_prepare(struct syncing *y);
/* Before something is reverted: whether what comes then can be read at all. */
int syncing_check(struct syncing *y);
/* What will be done and what data that loses: as talk, or, of a dry run, on
   standard output. */
int syncing_show(struct syncing *y, bool dry_run);
/* What a protected target asks for. */
int syncing_ask(struct syncing *y);
/* Keeps other runs out, and prepares and asks again if one was faster. */
int syncing_lock(struct syncing *y);
/* The two halves. */
int syncing_revert(struct syncing *y);
int syncing_apply(struct syncing *y);

#endif
