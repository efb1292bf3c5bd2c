#include "cmd/installing.h"

#include <stdio.h>
#include <string.h>

/* The line for a hook of one's own. */
static char *own_line(TALLOC_CTX *mem, const char *name)
{
	return talloc_asprintf(mem, "git migrate hook %s%s%s", name,
			       hook_takes_arguments(name) ? " \"$@\"" : "",
			       hook_refuses(name) ? " || exit 1" : "");
}

static void print_lefthook(const struct hook *hook)
{
	printf("# lefthook.yml\n"
	       "%s:\n"
	       "  commands:\n"
	       "    git-migrate:\n"
	       "      run: git migrate hook %s%s\n",
	       hook->name, hook->name,
	       hook_takes_arguments(hook->name) ? " {0}" : "");
	if (hook_reads_input(hook->name))
		puts("      use_stdin: true");
}

static void print_pre_commit(const struct hook *hook)
{
	printf("# .pre-commit-config.yaml, below 'repos:'\n"
	       "  - repo: local\n"
	       "    hooks:\n"
	       "      - id: git-migrate-%s\n"
	       "        name: git-migrate\n"
	       "        entry: git migrate hook %s\n"
	       "        language: system\n"
	       "        always_run: true\n"
	       "        pass_filenames: %s\n"
	       "        stages: [%s]\n",
	       hook->name, hook->name,
	       strstr(hook->name, "commit-msg") ? "true" : "false", hook->name);
}

/* What the manager of the hooks has to be told, as data: to be copied. */
static void print_snippet(TALLOC_CTX *mem, const struct hook *hook)
{
	switch (hook->manager) {
	case MANAGER_LEFTHOOK:
		print_lefthook(hook);
		break;
	case MANAGER_PRE_COMMIT:
		print_pre_commit(hook);
		break;
	default:
		printf("# .husky/%s\n%s\n", hook->name,
		       own_line(mem, hook->name));
		break;
	}
}

static void leave_managed(struct installing *i, const struct hook *hook)
{
	if (hook->manager == MANAGER_HUSKY && hook->state == HOOK_FOREIGN &&
	    i->left == 0)
		cmd_hint(i->cmd, "husky writes the hooks of this repository; "
				 "add these lines to its files:");
	else if (hook->manager != MANAGER_HUSKY)
		cmd_warning("the %s hook is written by %s, it is left alone: "
			    "'%s'",
			    hook->name, hook_manager_name(hook->manager),
			    hook->shown);
	print_snippet(i->cmd->mem, hook);
}

static void leave(struct installing *i, const struct hook *hook)
{
	struct cmd *cmd = i->cmd;

	if (hook->manager != MANAGER_NONE) {
		leave_managed(i, hook);
	} else if (hook->state == HOOK_ELSEWHERE) {
		cmd_warning("the hooks are in a folder that other repositories "
			    "use, too, nothing is written there: '%s'",
			    hook->shown);
		cmd_hint(cmd,
			 "to have it in all of them, put a %s hook there "
			 "with this line: %s",
			 hook->name, own_line(cmd->mem, hook->name));
	} else if (hook->state == HOOK_CHANGED) {
		cmd_warning("the %s hook was ours and has been changed since, "
			    "it is left alone: '%s'",
			    hook->name, hook->shown);
		cmd_hint(cmd, "to have it written anew, delete it, then: git "
			      "migrate hook install");
	} else {
		cmd_warning("there is a %s hook already, it is left alone: "
			    "'%s'",
			    hook->name, hook->shown);
		cmd_hint(cmd, "add this line to it: %s",
			 own_line(cmd->mem, hook->name));
		if (hook_reads_input(hook->name))
			cmd_hint(cmd,
				 "if it reads its input itself, let ours "
				 "run it: git migrate hook install "
				 "--chain %s",
				 hook->name);
	}
	i->left++;
}

static void tell(struct installing *i, const struct hook *hook)
{
	i->installed++;
	if (i->brief)
		return;
	if (hook->state == HOOK_CONFIGURED)
		cmd_line("installed hook.git-migrate-%s in git's %s "
			 "configuration",
			 hook->name, hook->config);
	else
		cmd_line("installed %s%s", hook->shown,
			 hook->state == HOOK_CHAINED
				 ? ", which runs the one that was there"
				 : "");
}

static int put(struct installing *i, struct hook *hook, bool can_configure)
{
	struct cmd *cmd = i->cmd;
	int result;

	switch (hook->state) {
	case HOOK_INSTALLED:
	case HOOK_CHAINED:
	case HOOK_CONFIGURED:
	case HOOK_CALLS_US:
		i->already++;
		return 0;
	case HOOK_OLD:
	case HOOK_IDLE:
		result = hook_write(hook, false, &cmd->err);
		break;
	default:
		if (can_configure) {
			result = hook_configure(cmd->repo, hook, i->global,
						&cmd->err);
			break;
		}
		if (hook->state != HOOK_MISSING &&
		    !(hook->state == HOOK_FOREIGN && i->chain &&
		      hook->manager == MANAGER_NONE)) {
			leave(i, hook);
			return 0;
		}
		result = hook_write(hook, i->chain, &cmd->err);
		break;
	}
	if (result == 0)
		tell(i, hook);
	return result;
}

static void tell_all(const struct installing *i, const struct hook *first)
{
	const char *slash = strrchr(first->shown, '/');

	if (!i->brief || !i->installed)
		return;
	cmd_line("installed %d hook%s in %.*s", i->installed,
		 i->installed == 1 ? "" : "s",
		 first->config ? 100 : (int)(slash - first->shown),
		 first->config ? "git's configuration" : first->shown);
}

int install_run(struct installing *i)
{
	struct cmd *cmd = i->cmd;
	struct hook *hooks;
	size_t count;
	char *version;
	bool can;

	if (hooks_in_config(cmd->mem, cmd->repo, &can, &version, &cmd->err) < 0)
		return -1;
	if (i->global && !can) {
		error_set(&cmd->err, ERROR_FAILED,
			  "git %s runs no hooks from its configuration, that "
			  "came with 2.54",
			  version);
		return error_hint(&cmd->err, "install them in each repository: "
					     "git migrate hook install");
	}
	if (hooks_look(cmd->mem, cmd->repo,
		       i->names ? i->names : hook_names(cmd->repo), &hooks,
		       &count, &cmd->err) < 0)
		return -1;
	for (size_t k = 0; k < count; k++)
		if (put(i, &hooks[k], can) < 0)
			return -1;
	if (count)
		tell_all(i, &hooks[0]);
	return 0;
}
