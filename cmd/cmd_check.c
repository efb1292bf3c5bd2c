#include <string.h>

#include "cmd/entering.h"
#include "cmd/hook.h"

static const char *const usage[] = {
	"git migrate check --range A..B [--require-proof] [--json]",
	"git migrate check --staged",
	NULL,
};

struct check {
	struct cmd cmd;
	const char *range;
	bool staged, require_proof;
};

static const char *const severities[] = { "error", "warning" };

static json_t *finding_json(const struct gate_finding *f)
{
	return json_pack("{s:s, s:s, s:s?, s:s, s:s?}", "rule",
			 gate_rule_name(f->rule), "severity",
			 severities[f->warning], "path", f->err.file, "message",
			 f->err.message, "hint", f->err.hint);
}

static void print_json(const struct check *c, const struct entering *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->gate.count; i++)
		json_array_append_new(list, finding_json(&e->gate.findings[i]));
	cmd_print_json(json_pack("{s:s, s:s, s:s, s:o}", "range", c->range,
				 "base", e->base, "tip", e->tip, "findings",
				 list));
}

/* "origin/main" is the branch main. */
static bool is_protected(const struct check *c, const char *name)
{
	const char *slash = strchr(name, '/');

	return branch_is_protected(&c->cmd, name) ||
	       (slash && branch_is_protected(&c->cmd, slash + 1));
}

/* What the range enters is A; HEAD when it has no name. */
static int find_ends(struct check *c, struct entering *e)
{
	struct cmd *cmd = &c->cmd;
	size_t length = strcspn(c->range, ".");
	const char *dots = strstr(c->range, "..");
	char *base, *tip, *there, *name;

	if (repo_range(cmd->mem, cmd->repo, c->range, &base, &tip, &cmd->err) <
	    0)
		return -1;
	if (dots)
		length = (size_t)(dots - c->range);
	name = length ? talloc_strndup(cmd->mem, c->range, length)
		      : talloc_strdup(cmd->mem, "HEAD");
	if (repo_resolve(cmd->mem, cmd->repo, name, &there, &cmd->err) < 0)
		return -1;
	e->base = base;
	e->tip = tip;
	e->name = name;
	e->there = there;
	return 0;
}

static int run_range(struct check *c)
{
	struct cmd *cmd = &c->cmd;
	struct entering e = { .cmd = cmd, .order = true };
	size_t refused;

	if (cmd_open_repo(cmd) < 0 || find_ends(c, &e) < 0 ||
	    proof_is_required(cmd, &e.proof) < 0)
		return -1;
	e.proof = c->require_proof || (e.proof && is_protected(c, e.name));
	if (entering_check(&e) < 0) {
		gate_release(&e.gate);
		return -1;
	}
	if (cmd->json)
		print_json(c, &e);
	else
		gate_print(cmd, &e.gate);
	refused = e.gate.refused;
	if (refused)
		cmd_say(cmd, "%s has %zu problem%s in '%s'", c->range, refused,
			refused == 1 ? "" : "s", cmd->dir);
	gate_release(&e.gate);
	return refused ? 1 : 0;
}

int cmd_check(int argc, char **argv)
{
	struct check c = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_TEXT, 0, "range", "A..B",
		  "what the commits from A to B bring", &c.range },
		{ OPTION_FLAG, 0, "staged", NULL,
		  "what the next commit brings, as pre-commit does",
		  &c.staged },
		{ OPTION_FLAG, 0, "require-proof", NULL,
		  "new pairs need a valid proof, whatever A is called",
		  &c.require_proof },
		CMD_JSON(c.cmd),
		CMD_COMMON(c.cmd),
		CMD_END,
	};
	int status;

	if (options_parse(c.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&c.cmd, status);
	if (argc || !c.range == !c.staged ||
	    (c.staged && (c.cmd.json || c.require_proof)))
		return cmd_done(
			&c.cmd,
			argc ? options_usage(options, usage,
					     "unexpected argument '%s'",
					     argv[0])
			     : options_usage(options, usage,
					     "either --range A..B or --staged "
					     "alone"));
	status = c.staged ? hook_commit(&c.cmd) : run_range(&c);
	return status < 0 ? cmd_fail(&c.cmd) : cmd_done(&c.cmd, status);
}
