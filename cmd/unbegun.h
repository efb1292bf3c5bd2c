#ifndef CMD_UNBEGUN_H
#define CMD_UNBEGUN_H

#include "cmd/session.h"

/*
 * After a plan was refused (s->cmd.err): a run that was killed may have left a
 * migration in the ledger whose script it was about to begin. One of which it
 * is certain that nothing was done is in nobody's way: the ledger forgets it.
 * True: the states are read again, and to plan again is worth it.
 */
bool unbegun_forget(struct session *s);

#endif
