#ifndef CMD_HOOK_H
#define CMD_HOOK_H

#include "cmd/cmd.h"

/* What `git migrate hook` does, one function a kind of hook: the exit status,
   or -1 with cmd->err. argv is what git gave the hook. */

int hook_install(struct cmd *cmd, bool chain, bool global, int argc,
		 char **argv);
int hook_uninstall(struct cmd *cmd, bool global, int argc, char **argv);
int hook_list(struct cmd *cmd);

/* pre-commit, pre-merge-commit */
int hook_commit(struct cmd *cmd);
int hook_prepare_message(struct cmd *cmd, int argc, char **argv);
/* commit-msg */
int hook_message(struct cmd *cmd, int argc, char **argv);
/* pre-push and pre-receive */
int hook_push(struct cmd *cmd, int argc, char **argv);
int hook_receive(struct cmd *cmd);
/* post-checkout, post-merge and post-rewrite: always 0, whatever goes wrong */
int hook_post(struct cmd *cmd, const char *name, int argc, char **argv);

#endif
