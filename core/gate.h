#ifndef CORE_GATE_H
#define CORE_GATE_H

#include "core/migration.h"

/*
 * What a commit, or the commits of a range, may not bring: pairs that are not
 * whole, versions that are taken, changes of scripts that others have. Names
 * and blob ids only; no script is opened here, see gate_texts() in cmd.
 */

/* Who has scripts already. */
struct gate_other {
	const char *name;      /* "origin/main"; a target's name */
	const char *revision;  /* as `git checkout` takes it; NULL: the name */
	const struct set *set; /* sorted; at least the versions in question */
	int64_t newest;	       /* of all its versions, -1: not known */
	bool target;	       /* a database, not a branch */
	bool protected_;       /* such a target */
};

enum gate_rule {
	GATE_PAIR,    /* half a pair, a version twice */
	GATE_TAKEN,   /* the version is another migration elsewhere */
	GATE_CHANGED, /* not as others have it */
	GATE_REMOVED, /* others have it */
	GATE_OLDER,   /* older than what others have */
	GATE_TEXT,    /* what stands in a script */
	GATE_PROOF,   /* no valid proof */
	GATE_FUTURE,  /* a version far ahead of the time */
};

const char *gate_rule_name(enum gate_rule rule);

struct gate_finding {
	enum gate_rule rule;
	bool warning; /* else it refuses */
	struct error err;
};

struct gate {
	const struct set *before, *now; /* sorted */
	const struct gate_other *others;
	size_t other_count;
	bool order;	/* GATE_OLDER refuses, too */
	int64_t latest; /* the newest version that is no GATE_FUTURE; 0: all */

	struct gate_finding *findings;
	size_t count, refused;
};

/* Appends what the sets tell. Findings are talloc memory on mem; their errors
   are freed with gate_release(). */
void gate_check(TALLOC_CTX *mem, struct gate *gate);
/* Takes the error over, which is empty afterwards. */
void gate_add(TALLOC_CTX *mem, struct gate *gate, enum gate_rule rule,
	      bool warning, struct error *err);
void gate_release(struct gate *gate);

/* Whether the migration is neither as it was nor as a branch of others has it,
   so that it is this change that has to answer for it. */
bool gate_is_new(const struct gate *gate, const struct migration *m);
/* The same of one of its scripts. */
bool gate_brings(const struct gate *gate, const struct migration *m,
		 enum direction direction);

/* The line where a merge has left its marks in a text, counted from 1; 0: there
   are not all three of them. */
int gate_conflict_line(const char *text, size_t length);

#endif
