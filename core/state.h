#ifndef CORE_STATE_H
#define CORE_STATE_H

#include <stdbool.h>
#include <talloc.h>

#include "core/ledger.h"
#include "core/migration.h"

/* What is true of each migration when the sets and the ledger are joined. */

/* The first that fits is a migration's state. */
enum migration_state {
	STATE_UNFINISHED,
	STATE_MODIFIED, /* applied, another blob now */
	STATE_MISSING,	/* applied, not in this commit */
	STATE_APPLIED,
	STATE_OUT_OF_ORDER, /* pending, older than what is applied */
	STATE_UNCOMMITTED,  /* pending, not in HEAD as it is here */
	STATE_PENDING,
};

/* Whatever else is true. */
enum migration_flag {
	FLAG_UNCOMMITTED = 1 << 0,  /* not in HEAD as it is here */
	FLAG_UNTRACKED = 1 << 1,    /* the index does not know a half */
	FLAG_OUT_OF_ORDER = 1 << 2, /* while another state comes first */
	FLAG_UP_CHANGED = 1 << 3,
	FLAG_DOWN_CHANGED = 1 << 4,
	FLAG_RENAMED = 1 << 5, /* applied under another name */
	FLAG_HALF = 1 << 6,
	FLAG_DUPLICATE = 1 << 7,
	FLAG_REVERTING = 1 << 8, /* unfinished in the down direction */
};

enum proof_state { PROOF_NONE, PROOF_STALE, PROOF_VALID };

struct state_entry {
	int64_t version;
	const char *name;
	enum migration_state state;
	unsigned flags;
	const struct migration *here; /* NULL: not in this place */
	const struct ledger_row *row; /* NULL: not applied */
	const char *commit;	      /* filled by the caller when known */
	enum proof_state proof;	      /* filled by the caller when known */
	const char **stale; /* filled along with it: what has changed since,
			       in words */
	int stale_count;
};

struct states {
	struct state_entry *list; /* by version */
	size_t count;
	int64_t newest_applied; /* -1: nothing is applied */
};

/*
 * Joins what is here (work tree, or a commit) with the ledger. Entries point
 * into both.
 */
struct states *states_join(TALLOC_CTX *mem, const struct set *here,
			   const struct ledger *ledger);

struct state_entry *states_find(const struct states *states, int64_t version);

static inline bool state_is_pending(const struct state_entry *e)
{
	return e->state >= STATE_OUT_OF_ORDER;
}

const char *state_name(enum migration_state state);
const char *proof_state_name(enum proof_state state);
/* The flags' names, in order; returns how many of `names` were filled. */
#define FLAG_COUNT 9
int flag_names(unsigned flags, const char *names[FLAG_COUNT]);

#endif
