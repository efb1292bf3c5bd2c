#ifndef CMD_INSTALLING_H
#define CMD_INSTALLING_H

#include "cmd/cmd.h"
#include "git/hooks.h"

/* Putting the hooks in place, for `hook install` and for `init`. */
struct installing {
	struct cmd *cmd;
	const char *const *names; /* NULL: those that this repository wants */
	bool chain;		  /* let ours run the one that is there */
	bool global;		  /* into the person's global configuration */
	bool brief;		  /* one line for all that were installed */
	int installed, already, left; /* how many */
};

int install_run(struct installing *i);

#endif
