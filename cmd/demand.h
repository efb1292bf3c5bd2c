#ifndef CMD_DEMAND_H
#define CMD_DEMAND_H

#include "cmd/session.h"

/* The proofs that a protected target asks for before an up runs. */

/*
 * To be called with a prepared plan: refuses when one of its migrations has no
 * valid proof (one that was proven to be irreversible, as it says, counts), and
 * warns of proofs that ran on far fewer rows than the target has. Returns at
 * once when the target is not protected, or migrate.requireProof is false.
 */
int demand_proofs(struct session *s, const struct plan *plan);
/* For a dry run: prints what would be asked for. */
int demand_preview(struct session *s, const struct plan *plan);

#endif
