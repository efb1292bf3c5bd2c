#ifndef GIT_SHARE_H
#define GIT_SHARE_H

#include "git/git.h"

/*
 * Sends a ref of notes to a remote (a name or a URL), after it has taken in
 * what is there already: nobody's are lost. For a name, a push with nothing new
 * asks nobody: what the remote had last is kept where notes_fetch() keeps it.
 * *sent: whether there was anything to send.
 */
int share_notes(struct repo *repo, const char *remote, const char *ref,
		bool *sent, struct error *err);

#endif
