#ifndef GIT_SHARE_H
#define GIT_SHARE_H

#include "git/git.h"

/*
 * Sends a ref of notes that hold one JSON object a line to a remote, after it
 * has taken in what is there already: nobody's lines are lost. What the remote
 * had last is kept in refs/notes/REMOTE/..., so that a push with nothing new
 * asks nobody. *sent: whether there was anything to send.
 */
int share_notes(struct repo *repo, const char *remote, const char *ref,
		bool *sent, struct error *err);

#endif
