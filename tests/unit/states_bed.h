#ifndef TESTS_UNIT_STATES_BED_H
#define TESTS_UNIT_STATES_BED_H

#include "core/state.h"

/*
 * Sets and ledgers from short descriptions: "1:u1:d1" is version 1 with these
 * blobs, "-" for a half that is missing, a name may follow as "1:u1:d1:name";
 * "!" before it: not in HEAD.
 */
struct set *make_set(const char *text);
struct ledger *make_ledger(const char *text);

struct scene {
	struct set *here;
	struct ledger *ledger;
	struct states *states;
};

struct scene make_scene(const char *here, const char *ledger);
void release_scene(struct scene *s);

#endif
