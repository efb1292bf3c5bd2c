#include <string.h>
#include <unistd.h>

#include "cmd/gate.h"
#include "cmd/hook.h"
#include "git/misnamed.h"
#include "git/staged.h"

/* What could not be a migration, among what is touched. */
static void add_problems(struct cmd *cmd, struct gate *gate)
{
	const struct set *now = gate->now;

	for (size_t i = 0; i < now->problem_count; i++) {
		struct error err = { 0 };

		error_set(&err, ERROR_FAILED, "%s", now->problems[i]);
		error_hint(&err, "a script is called VERSION_NAME.up.sql or "
				 "VERSION_NAME.down.sql, with a version of 14 "
				 "digits");
		gate_add(cmd->mem, gate, GATE_PAIR, false, &err);
	}
}

static void add_others(struct cmd *cmd, struct gate *gate,
		       const struct staged *staged)
{
	for (size_t i = 0; i < staged->other_count; i++) {
		const struct staged_other *o = &staged->others[i];
		const struct gate_other other = {
			.name = o->name,
			.set = o->set,
			.newest = o->newest,
		};

		gate_add_other(cmd, gate, &other);
	}
	if (staged->version_count)
		gate_add_seen(cmd, gate, staged->versions,
			      staged->version_count);
}

/* NULL: it is no script. */
static char *other_half(TALLOC_CTX *mem, const char *path)
{
	static const char *const endings[] = { ".up.sql", ".down.sql" };
	size_t length = strlen(path);

	for (int i = 0; i < 2; i++) {
		size_t n = strlen(endings[i]);

		if (length > n && !strcmp(path + length - n, endings[i]))
			return talloc_asprintf(mem, "%.*s%s", (int)(length - n),
					       path, endings[!i]);
	}
	return NULL;
}

static bool has_path(const struct set *set, const char *path)
{
	for (size_t i = 0; i < 2 * set->count; i++) {
		const char *here = set->list[i / 2].half[i % 2].path;

		if (here && !strcmp(here, path))
			return true;
	}
	return false;
}

/* Half a pair was staged: to write the other half is no advice. */
static void point_to_files(struct cmd *cmd, struct gate *gate)
{
	for (size_t i = 0; cmd->repo->top && i < gate->count; i++) {
		struct gate_finding *f = &gate->findings[i];
		char *path = f->rule == GATE_PAIR && f->err.file
				     ? other_half(cmd->mem, f->err.file)
				     : NULL;

		if (!path || has_path(gate->now, path) ||
		    access(talloc_asprintf(cmd->mem, "%s/%s", cmd->repo->top,
					   path),
			   F_OK) < 0)
			continue;
		talloc_free(f->err.hint);
		f->err.hint = NULL;
		error_hint(&f->err,
			   "it is there, and not in this commit: git "
			   "add '%s'",
			   path);
	}
}

static int warn_misnamed(struct cmd *cmd)
{
	char **list;
	size_t count;

	if (misnamed_staged(cmd->mem, cmd->repo, cmd->dir, &list, &count,
			    &cmd->err) < 0)
		return -1;
	cmd_warn_misnamed(cmd, list, count);
	return 0;
}

int hook_commit(struct cmd *cmd)
{
	struct gate gate = { 0 };
	struct staged staged;
	size_t refused;

	cmd->stages = true;
	if (cmd_open_repo(cmd) < 0 ||
	    staged_end(cmd->mem, cmd->staging, &staged, &cmd->err) < 0)
		return -1;
	if (!staged.untouched && warn_misnamed(cmd) < 0)
		return -1;
	if (!staged.changed)
		return 0;
	gate.before = staged.before;
	gate.now = staged.now;
	gate.latest = gate_latest();
	add_problems(cmd, &gate);
	add_others(cmd, &gate, &staged);
	gate_check(cmd->mem, &gate);
	if (gate_texts(cmd, &gate) < 0) {
		gate_release(&gate);
		return -1;
	}
	point_to_files(cmd, &gate);
	gate_print(cmd, &gate);
	refused = gate.refused;
	if (refused)
		cmd_say(cmd, "the commit is refused: %zu problem%s in '%s'",
			refused, refused == 1 ? "" : "s", cmd->dir);
	gate_release(&gate);
	return refused ? 1 : 0;
}
