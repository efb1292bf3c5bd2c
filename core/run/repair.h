#ifndef CORE_RUN_REPAIR_H
#define CORE_RUN_REPAIR_H

#include "core/progress.h"
#include "core/run/runner.h"

/*
 * What is known of a migration whose script stopped half way, and the ways
 * out that are not simply going on.
 */
struct repair {
	struct ledger_row *row;
	struct progress *progress; /* NULL: how far it came is not recorded */
	struct plan_item item;	   /* script: NULL when it cannot be read */
	struct error unreadable;   /* why, for people */
	bool changed; /* what was carried out is not in the script as it is */
	bool altered; /* batches of the next statement are committed, and its
			 text is another one now, or it has none any more */
	bool failed;  /* the next statement, as it is, and left nothing */
	struct db_holder run; /* that is at work now: then no more is told */
	/* of the statement that was begun and whose end is not recorded */
	enum db_verdict verdict;
	char *remains; /* "invalid index users_email_idx", or NULL */
};

/*
 * Looks at the unfinished item of a plan. Frees with mem, but for
 * repair->unreadable.
 */
int repair_look(TALLOC_CTX *mem, struct runner *runner,
		const struct plan_item *item, struct repair *repair,
		struct error *err);

/* A statement was begun and has to be judged. */
bool repair_is_under_way(const struct repair *repair);

/*
 * The next statement counts as done, and a run records that. Refused, unless
 * it is known to have been begun or to have failed.
 */
int repair_check_skip(const struct repair *repair, struct error *err);
int repair_skip(struct runner *runner, const struct repair *repair,
		struct error *err);

/*
 * A person has done the rest by hand, or has undone all of it: the ledger says
 * so, and a run records it.
 */
enum repair_mark { REPAIR_DONE, REPAIR_UNDONE };
int repair_mark(struct runner *runner, const struct repair *repair,
		enum repair_mark mark, struct error *err);

/*
 * Of a script up that was claimed, and of which it is certain that nothing was
 * done since, the ledger forgets the claim. *forgotten: it was such a one.
 */
int repair_forget(struct runner *runner, const struct repair *repair,
		  bool *forgotten, struct error *err);

/*
 * Removes what the statement under way left behind, or (DB_HALF) finishes it.
 * *forgotten: nothing of the script was done before it, nor is now, so that
 * the migration is no more unfinished.
 */
int repair_clean(struct runner *runner, const struct repair *repair,
		 bool *forgotten, struct error *err);

#endif
