#include <string.h>

#include "git/hooks.h"

static const char *const all[] = {
	"pre-commit", "pre-merge-commit", "prepare-commit-msg",
	"commit-msg", "pre-push",	  "post-checkout",
	"post-merge", "post-rewrite",	  "pre-receive",
	NULL,
};
static const char *const work[] = {
	"pre-commit", "pre-merge-commit", "prepare-commit-msg",
	"commit-msg", "pre-push",	  "post-checkout",
	"post-merge", "post-rewrite",	  NULL,
};
static const char *const served[] = { "pre-receive", NULL };

static bool is_one_of(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

const char *const *hook_names(const struct repo *repo)
{
	return repo->bare ? served : work;
}

const char *const *hook_all_names(void)
{
	return all;
}

bool hook_name_is_known(const char *name)
{
	return is_one_of(all, name);
}

bool hook_takes_arguments(const char *name)
{
	static const char *const without[] = { "pre-commit", "pre-merge-commit",
					       "pre-receive", NULL };

	return !is_one_of(without, name);
}

bool hook_reads_input(const char *name)
{
	static const char *const readers[] = { "pre-push", "pre-receive",
					       "post-rewrite", NULL };

	return is_one_of(readers, name);
}

bool hook_refuses(const char *name)
{
	return strncmp(name, "post-", 5) != 0;
}

const char *hook_state_name(enum hook_state state)
{
	static const char *const names[] = {
		[HOOK_MISSING] = "missing",
		[HOOK_INSTALLED] = "installed",
		[HOOK_CHAINED] = "chained",
		[HOOK_CONFIGURED] = "configured",
		[HOOK_CALLS_US] = "calls us",
		[HOOK_OLD] = "old",
		[HOOK_IDLE] = "not executable",
		[HOOK_CHANGED] = "changed",
		[HOOK_FOREIGN] = "foreign",
		[HOOK_ELSEWHERE] = "elsewhere",
	};

	return names[state];
}

const char *hook_manager_name(enum hook_manager manager)
{
	static const char *const names[] = {
		[MANAGER_HUSKY] = "husky",
		[MANAGER_LEFTHOOK] = "lefthook",
		[MANAGER_PRE_COMMIT] = "pre-commit",
	};

	return names[manager];
}
