#include <string.h>

#include "cmd/hook.h"
#include "cmd/installing.h"
#include "cmd/table.h"

/* Names from the command line, or NULL for the usual ones. */
static int read_names(struct cmd *cmd, int argc, char **argv,
		      const char *const **names)
{
	const char **list = talloc_zero_array(cmd->mem, const char *,
					      (unsigned)argc + 1);

	for (int i = 0; i < argc; i++) {
		if (!hook_name_is_known(argv[i])) {
			error_set(&cmd->err, ERROR_USAGE, "unknown hook '%s'",
				  argv[i]);
			return error_hint(&cmd->err,
					  "see the hooks: git migrate hook "
					  "list");
		}
		list[i] = argv[i];
	}
	*names = argc ? list : NULL;
	return 0;
}

int hook_install(struct cmd *cmd, bool chain, bool global, int argc,
		 char **argv)
{
	struct installing i = { .cmd = cmd, .chain = chain, .global = global };

	if (cmd_open_repo(cmd) < 0 ||
	    read_names(cmd, argc, argv, &i.names) < 0 || install_run(&i) < 0)
		return -1;
	if (!i.installed && !i.left)
		cmd_say(cmd, "nothing to change: %s",
			i.already == 1 ? "the hook is installed"
				       : "the hooks are installed");
	return i.left ? 1 : 0;
}

static bool is_ours(const struct hook *hook)
{
	return hook->state == HOOK_INSTALLED || hook->state == HOOK_CHAINED ||
	       hook->state == HOOK_OLD || hook->state == HOOK_IDLE;
}

static int take_away(struct cmd *cmd, struct hook *hook, bool global,
		     int *count, int *left)
{
	bool was_chained = hook->state == HOOK_CHAINED, gone;

	if (hook_remove(cmd->repo, hook, global, &gone, &cmd->err) < 0)
		return -1;
	if (gone) {
		++*count;
		if (is_ours(hook))
			cmd_line("%s %s", was_chained ? "restored" : "removed",
				 hook->shown);
		else
			cmd_line("removed hook.git-migrate-%s from git's %s "
				 "configuration",
				 hook->name, hook->config);
	} else if (hook->config) {
		cmd_warning("git's %s configuration has the %s hook",
			    hook->config, hook->name);
		cmd_hint(cmd, "take it out there, too: git migrate hook "
			      "uninstall --global-config");
		++*left;
	}
	if (hook->state == HOOK_CHANGED || hook->state == HOOK_CALLS_US) {
		cmd_warning("the %s hook %s, it is left alone: '%s'",
			    hook->name,
			    hook->state == HOOK_CHANGED
				    ? "has been changed since we wrote it"
				    : "calls git-migrate and is not ours",
			    hook->shown);
		++*left;
	}
	return 0;
}

int hook_uninstall(struct cmd *cmd, bool global, int argc, char **argv)
{
	const char *const *names;
	struct hook *hooks;
	size_t n;
	int count = 0, left = 0;

	if (cmd_open_repo(cmd) < 0 || read_names(cmd, argc, argv, &names) < 0 ||
	    hooks_look(cmd->mem, cmd->repo, names ? names : hook_all_names(),
		       &hooks, &n, &cmd->err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (take_away(cmd, &hooks[i], global, &count, &left) < 0)
			return -1;
	if (!count && !left)
		cmd_say(cmd, "nothing to change: no hook of ours is installed");
	return left ? 1 : 0;
}

static void list_json(const struct hook *hooks, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct hook *h = &hooks[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "name",
				  h->name, "state", hook_state_name(h->state),
				  "path", h->shown, "config", h->config,
				  "manager", hook_manager_name(h->manager)));
	}
	cmd_print_json(json_pack("{s:o}", "hooks", list));
}

int hook_list(struct cmd *cmd)
{
	static const char *const headings[] = { "HOOK", "STATE", "WHERE" };
	struct hook *hooks;
	struct table *table;
	size_t count;

	if (cmd_open_repo(cmd) < 0 ||
	    hooks_look(cmd->mem, cmd->repo, hook_all_names(), &hooks, &count,
		       &cmd->err) < 0)
		return -1;
	if (cmd->json) {
		list_json(hooks, count);
		return 0;
	}
	table = table_new(headings, 3);
	for (size_t i = 0; i < count; i++) {
		const struct hook *h = &hooks[i];
		const char *cells[] = {
			h->name,
			hook_state_name(h->state),
			h->state == HOOK_CONFIGURED
				? talloc_asprintf(cmd->mem,
						  "git's %s configuration",
						  h->config)
			: h->state == HOOK_MISSING ? NULL
						   : h->shown,
		};

		table_row(table, cells, NULL);
	}
	table_print(table);
	return 0;
}
