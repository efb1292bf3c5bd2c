#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "cmd/cmd.h"
#include "core/run/health.h"

/* What up, down and redo share: sets, ledger, lock, runner, and the end. */
struct session {
	struct cmd cmd;
	struct set *here;
	const char *commit; /* whose set that is; NULL: the work tree's, or
			       HEAD's in a bare repository */
	struct ledger *ledger;
	struct states *states;
	struct runner runner;
	struct search *search;
	struct limits limits;
	bool locked;
	bool switches; /* it sees to a switch that was cut off itself */

	/* options; -1: as it is configured */
	int lock_timeout_ms, lock_wait_ms, statement_ms;
	int abort_ms; /* 0: however long it takes */
	bool no_lock;
	struct version_list confirm;

	/* see consent.h */
	const char *command; /* as it can be typed again */
	/* what goes on after a failure; NULL: up, or down */
	const char *go_on;
	int64_t *confirmed;
	size_t confirmed_count;
	const char *confirmed_by;

	struct facts **runs;
	size_t run_count;
	size_t done, skipped, left;
	struct health health; /* after each migration; check NULL: none */
	bool rolled_back;     /* what this run had applied */
	bool answered;	      /* what is said as JSON has been said */
	json_t *would;	      /* of a dry run, or NULL */
	json_t *answer;	      /* what else the answer has, or NULL */
};

#define SESSION_INIT                                                           \
	{                                                                      \
		.cmd = CMD_INIT,                                               \
		.health = { .watch_ms = 10000, .tick = progress_tick },        \
		.lock_timeout_ms = -1, .lock_wait_ms = -1, .statement_ms = -1  \
	}

/* The options of whatever runs scripts. */
#define SESSION_OPTIONS(s)                                                     \
	{ OPTION_SECONDS,                                                      \
	  0,                                                                   \
	  "lock-wait",                                                         \
	  "DURATION",                                                          \
	  "how long to try for locks that others hold (5m)",                   \
	  &(s).lock_wait_ms },                                                 \
		{ OPTION_SECONDS,                                              \
		  0,                                                           \
		  "lock-timeout",                                              \
		  "DURATION",                                                  \
		  "how long others may queue behind each try (50ms)",          \
		  &(s).lock_timeout_ms },                                      \
		{ OPTION_SECONDS,                                              \
		  0,                                                           \
		  "statement-timeout",                                         \
		  "DURATION",                                                  \
		  "cancel a statement that takes longer",                      \
		  &(s).statement_ms },                                         \
		{ OPTION_VERSIONS,                                             \
		  0,                                                           \
		  "confirm",                                                   \
		  "VERSION",                                                   \
		  "what this one destroys on a protected target is meant",     \
		  &(s).confirm },                                              \
		{ OPTION_SECONDS,                                              \
		  0,                                                           \
		  "abort-after",                                               \
		  "DURATION",                                                  \
		  "end a run that takes longer",                               \
		  &(s).abort_ms },                                             \
	{                                                                      \
		OPTION_FLAG, 0, "no-lock", NULL, "do not keep other runs out", \
			&(s).no_lock                                           \
	}

/* Repository, target and what is here. */
int session_open(struct session *s, enum cmd_access access);
/* The same for the set of a commit, NULL: as above. */
int session_open_at(struct session *s, const char *revision,
		    enum cmd_access access);
/* What is here is that commit's set from now on. */
int session_at(struct session *s, const char *revision);
/* Reads the ledger and joins; again after the lock was had. */
int session_read(struct session *s);
/* Keeps other runs out, makes the ledger when it is missing, reads again. */
int session_lock(struct session *s);
/* The commits that the plan's migrations come from, in one walk, in two steps:
   the scripts can be read meanwhile. */
int session_begin_origins(struct session *s, const struct plan *plan);
int session_end_origins(struct session *s, struct plan *plan);
/* On a protected target: refuses scripts that are not those of a commit. */
int session_check_committed(struct session *s, const struct plan *plan);
/* Instead of running it: tells what a prepared plan would do. */
int session_dry_run(struct session *s, const struct plan *plan);
/* Runs a prepared plan to its end or its first failure. */
int session_run(struct session *s, const struct plan *plan);
/* Before plans run of which the first reverts: a script of theirs that cannot
   be read is not found out half way. */
int session_check_syntax(struct session *s, const struct plan *downs,
			 const struct plan *ups);
/* Completes, unlocks, prints JSON or the error; the exit status. */
int session_close(struct session *s, int result);
/* For what runs outside of session_run(). */
void session_add_run(struct session *s, struct facts *facts);

#endif
