#include "cmd/gate.h"
#include "cmd/hook.h"
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

int hook_commit(struct cmd *cmd)
{
	struct gate gate = { 0 };
	struct staged staged;
	size_t refused;

	cmd->stages = true;
	if (cmd_open_repo(cmd) < 0 ||
	    staged_end(cmd->mem, cmd->staging, &staged, &cmd->err) < 0)
		return -1;
	if (!staged.changed)
		return 0;
	gate.before = staged.before;
	gate.now = staged.now;
	add_problems(cmd, &gate);
	add_others(cmd, &gate, &staged);
	gate_check(cmd->mem, &gate);
	if (gate_texts(cmd, &gate) < 0) {
		gate_release(&gate);
		return -1;
	}
	gate_print(cmd, &gate);
	refused = gate.refused;
	if (refused)
		cmd_say(cmd, "the commit is refused: %zu problem%s in '%s'",
			refused, refused == 1 ? "" : "s", cmd->dir);
	gate_release(&gate);
	return refused ? 1 : 0;
}
