#ifndef CORE_SCAFFOLD_PENDING_H
#define CORE_SCAFFOLD_PENDING_H

#include "core/ledger.h"
#include "core/run/prove.h"

/*
 * What a new script is written for is the target as it will be once all that
 * is pending is applied.
 *
 * *db is prover->target itself when no pending script speaks of `subject` (a
 * table's or index's name); otherwise a scratch database (on mem) on which all
 * scripts of the set were replayed, first the applied ones. It is an error when
 * that cannot be had, or when after the applied ones it is not what the target
 * has of that name.
 */
int pending_open(TALLOC_CTX *mem, const struct prover *prover,
		 const struct set *here, const struct ledger *ledger,
		 const char *subject, struct db **db, struct error *err);

#endif
