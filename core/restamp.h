#ifndef CORE_RESTAMP_H
#define CORE_RESTAMP_H

#include "core/ledger.h"
#include "core/migration.h"

/*
 * An applied migration gets another version, name or origin, and nothing is
 * run: its scripts are the same.
 */
struct restamp {
	int64_t from, to;
	const char *name;
	const char *commit, *source, *branch; /* as in struct ledger_row */
};

/*
 * All of them in one transaction, its recorded runs too; versions may be
 * swapped. ERROR_BUSY when one of them is not applied any more.
 */
int ledger_restamp(struct db *db, const struct restamp *list, size_t count,
		   struct error *err);

#endif
