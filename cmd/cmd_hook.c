#include "cmd/hook.h"

#include <string.h>

#include "git/hooks.h"

static const char *const usage[] = {
	"git migrate hook install [--chain] [--global-config] [NAME]...",
	"git migrate hook uninstall [--global-config] [NAME]...",
	"git migrate hook list [--json]",
	"git migrate hook NAME [ARGUMENT]...",
	NULL,
};

struct options {
	bool chain, global;
};

/* What git calls: the exit status, or -1 with cmd->err. */
/* Git runs this one also for `git commit --no-verify`: what it would only have
   added must not keep anybody from committing. */
static int prepare_message(struct cmd *cmd, int argc, char **argv)
{
	if (hook_prepare_message(cmd, argc, argv) == 0)
		return 0;
	error_hint(&cmd->err, "the commit goes on without its trailers");
	cmd_print_error(&cmd->err);
	error_release(&cmd->err);
	return 0;
}

static int run_hook(struct cmd *cmd, const char *name, int argc, char **argv)
{
	if (argc && hook_name_is_known(name) && !hook_takes_arguments(name))
		return error_set(&cmd->err, ERROR_USAGE,
				 "unexpected argument '%s'", argv[0]);
	if (!strcmp(name, "pre-commit") || !strcmp(name, "pre-merge-commit"))
		return hook_commit(cmd);
	if (!strcmp(name, "prepare-commit-msg"))
		return prepare_message(cmd, argc, argv);
	if (!strcmp(name, "commit-msg"))
		return hook_message(cmd, argc, argv);
	if (!strcmp(name, "pre-push"))
		return hook_push(cmd, argc, argv);
	if (!strcmp(name, "pre-receive"))
		return hook_receive(cmd);
	if (!strncmp(name, "post-", 5) && hook_name_is_known(name))
		return hook_post(cmd, name, argc, argv);
	error_set(&cmd->err, ERROR_USAGE, "unknown hook '%s'", name);
	return error_hint(&cmd->err, "see the hooks: git migrate hook list");
}

static int run(struct cmd *cmd, const struct options *o, int argc, char **argv)
{
	const char *what = argv[0];

	if (!strcmp(what, "install"))
		return hook_install(cmd, o->chain, o->global, argc - 1,
				    argv + 1);
	if (!strcmp(what, "uninstall"))
		return hook_uninstall(cmd, o->global, argc - 1, argv + 1);
	if (!strcmp(what, "list"))
		return hook_list(cmd);
	return run_hook(cmd, what, argc - 1, argv + 1);
}

int cmd_hook(int argc, char **argv)
{
	struct cmd cmd = CMD_INIT;
	struct options o = { 0 };
	const struct option options[] = {
		{ OPTION_FLAG, 0, "chain", NULL,
		  "let ours run a hook that is there already", &o.chain },
		{ OPTION_FLAG, 0, "global-config", NULL,
		  "for all your repositories, in git's configuration",
		  &o.global },
		CMD_JSON(cmd),
		CMD_COMMON(cmd),
		CMD_END,
	};
	int status;

	if (options_parse(cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&cmd, status);
	if (argc < 1)
		return cmd_done(&cmd,
				options_usage(options, usage, "which hook?"));
	status = run(&cmd, &o, argc, argv);
	return status < 0 ? cmd_fail(&cmd) : cmd_done(&cmd, status);
}
