#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static const char *const usage[] = {
	"git migrate notes (push | fetch) [REMOTE]",
	"git migrate notes merge [REMOTE | REF]",
	NULL,
};

struct notes {
	struct cmd cmd;
	const char *action, *remote;
	const char *ref; /* merge: of one that was fetched otherwise */
	struct notes_share share;
};

static const char *outcome_name(enum notes_outcome outcome)
{
	static const char *const names[] = {
		[NOTES_SAME] = "same",
		[NOTES_TAKEN] = "taken",
		[NOTES_AHEAD] = "ahead",
		[NOTES_MERGED] = "merged",
	};

	return names[outcome];
}

static json_t *answer(const struct notes *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->share.count; i++) {
		const struct notes_report *r = &n->share.list[i];
		json_t *joined = json_array();

		for (size_t k = 0; k < r->joined_count; k++)
			json_array_append_new(joined,
					      json_string(r->joined[k]));
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:I, s:b, s:o}", "ref", r->ref,
				  "outcome", outcome_name(r->outcome),
				  "changed", (json_int_t)r->changed, "pushed",
				  r->pushed, "joined", joined));
	}
	return json_pack("{s:s?, s:o}", "remote", n->remote, "refs", list);
}

static void tell(const struct notes *n, const struct notes_report *r)
{
	const char *pushed = r->pushed ? ", pushed" : "";

	if (r->changed)
		cmd_line("%s: %zu note%s %s%s", r->ref, r->changed,
			 r->changed == 1 ? "" : "s",
			 r->outcome == NOTES_MERGED ? "merged" : "taken over",
			 pushed);
	else if (r->pushed)
		cmd_line("%s: pushed", r->ref);
	else
		cmd_say(&n->cmd, "%s: nothing new", r->ref);
	for (size_t i = 0; i < r->joined_count; i++)
		cmd_line("joined the comment of %s: both sides had written "
			 "to it",
			 r->joined[i]);
}

static void report(const struct notes *n)
{
	if (n->cmd.json) {
		cmd_print_json(answer(n));
		return;
	}
	for (size_t i = 0; i < n->share.count; i++)
		tell(n, &n->share.list[i]);
	if (n->share.count)
		return;
	if (!strcmp(n->action, "push"))
		cmd_say(&n->cmd, "there are no notes here, and none in '%s'",
			n->remote);
	else
		cmd_say(&n->cmd, "no notes were fetched from '%s'", n->remote);
}

static int find_remote(struct notes *n)
{
	struct cmd *cmd = &n->cmd;
	char *remote;

	if (n->remote || n->ref)
		return 0;
	if (repo_remote_name(cmd->mem, cmd->repo, &remote, &cmd->err) < 0)
		return -1;
	n->remote = remote;
	if (remote)
		return 0;
	error_set(&cmd->err, ERROR_FAILED, "there is no remote");
	return error_hint(&cmd->err, "add one: git remote add origin URL");
}

static int run(struct notes *n)
{
	struct cmd *cmd = &n->cmd;

	n->share.mem = cmd->mem;
	if (repo_open(cmd->mem, &cmd->repo, &cmd->err) < 0 ||
	    find_remote(n) < 0)
		return -1;
	if (!strcmp(n->action, "push"))
		return notes_push(cmd->repo, n->remote, &n->share, &cmd->err);
	if (!strcmp(n->action, "fetch") &&
	    notes_fetch(cmd->repo, n->remote, &cmd->err) < 0)
		return -1;
	return notes_merge_fetched(cmd->repo, n->remote, n->ref, &n->share,
				   &cmd->err);
}

static bool is_action(const char *word)
{
	return !strcmp(word, "push") || !strcmp(word, "fetch") ||
	       !strcmp(word, "merge");
}

int cmd_notes(int argc, char **argv)
{
	struct notes n = { .cmd = CMD_INIT };
	const struct option options[] = {
		CMD_JSON(n.cmd),
		CMD_COMMON(n.cmd),
		CMD_END,
	};
	int status;

	if (options_parse(n.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&n.cmd, status);
	if (argc < 1 || !is_action(argv[0]))
		return cmd_done(&n.cmd, options_usage(options, usage,
						      "push, fetch or merge?"));
	if (argc > 2)
		return cmd_done(&n.cmd,
				options_usage(options, usage,
					      "unexpected argument '%s'",
					      argv[2]));
	n.action = argv[0];
	if (argc == 2 && !strcmp(n.action, "merge") &&
	    !strncmp(argv[1], "refs/", 5))
		n.ref = argv[1];
	else if (argc == 2)
		n.remote = argv[1];
	if (run(&n) < 0)
		return cmd_fail(&n.cmd);
	report(&n);
	return cmd_done(&n.cmd, 0);
}
