#include "cmd/session.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static const char *const usage[] = {
	"git migrate up [-n N | --to VERSION] [--release VERSION]... "
	"[--out-of-order] [--dry-run]",
	NULL,
};

struct up {
	struct session s;
	struct plan_options plan_options;
	int64_t to;
	struct version_list release;
	bool dry_run;
	struct plan plan;
};

static int make_plan(struct up *u)
{
	return plan_up(u->s.cmd.mem, u->s.states, u->s.here, &u->plan_options,
		       &u->plan, &u->s.cmd.err);
}

static int prepare(struct up *u)
{
	struct cmd *cmd = &u->s.cmd;

	if (session_origins(&u->s, &u->plan) < 0 ||
	    session_check_committed(&u->s, &u->plan) < 0)
		return -1;
	return runner_prepare(cmd->mem, &u->s.runner, &u->plan, u->release.list,
			      u->release.count, &cmd->err);
}

static void print_plan_item(struct cmd *cmd, const struct plan_item *item)
{
	char version[VERSION_LENGTH + 1];
	const struct script *script = item->script;

	printf("would apply %s_%s  (%s%.10s)\n",
	       version_format(item->version, version),
	       text_visible(cmd->mem, item->name, false),
	       item->commit ? "commit " : "",
	       item->commit ? item->commit : item->source);
	for (size_t i = 0; script && i < script->statement_count; i++) {
		const struct statement *s = &script->statements[i];
		int line, column;

		text_position(script->text, script->length, s->offset, &line,
			      &column);
		printf("  %s:%d: %s", item->path, line, s->kind);
		for (size_t k = 0; k < s->relation_count; k++)
			printf("%s%s", k ? ", " : " ",
			       text_visible(cmd->mem, s->relations[k], false));
		putchar('\n');
	}
	if (script && script->no_transaction)
		puts("  outside a transaction, statement by statement");
}

static int dry_run(struct up *u)
{
	struct cmd *cmd = &u->s.cmd;

	for (size_t i = 0; i < u->plan.count; i++) {
		struct plan_item *item = &u->plan.items[i];

		if (item->script &&
		    cmd->db->engine->split(item->script, &cmd->err) < 0)
			return -1;
		if (!cmd->json)
			print_plan_item(cmd, item);
	}
	return 0;
}

/* What a `hold` ended short of what was asked for is a no. */
static int report_hold(struct up *u)
{
	struct cmd *cmd = &u->s.cmd;
	char version[VERSION_LENGTH + 1];
	const struct plan *plan = &u->plan;
	bool asked = u->plan_options.has_to || u->plan_options.limit;

	if (!plan->held_label)
		return 0;
	version_format(plan->held_version, version);
	if (asked) {
		error_set(&cmd->err, ERROR_REFUSED,
			  "migration '%s' is on hold: %s", plan->held_label,
			  plan->held_why);
		return error_hint(&cmd->err,
				  "when that is done: "
				  "git migrate up --release %s",
				  version);
	}
	cmd_say(cmd, "stopped before '%s', which is on hold: %s",
		plan->held_label, plan->held_why);
	cmd_hint(cmd, "when that is done: git migrate up --release %s",
		 version);
	return 0;
}

static void warn_about_others(struct up *u)
{
	size_t missing = 0, changed = 0;

	for (size_t i = 0; i < u->s.states->count; i++) {
		missing += u->s.states->list[i].state == STATE_MISSING;
		changed += u->s.states->list[i].row &&
			   (u->s.states->list[i].flags & FLAG_DOWN_CHANGED);
	}
	if (missing)
		cmd_warning("%zu applied migration%s not here; see "
			    "'git migrate status'",
			    missing, missing == 1 ? " is" : "s are");
	if (changed)
		cmd_warning("%zu down script%s changed since the up was "
			    "applied; 'down' uses the recorded text",
			    changed, changed == 1 ? " has" : "s have");
}

static bool same_plan(const struct plan *a, const struct plan *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].version != b->items[i].version)
			return false;
	return true;
}

/* Another run may have been at work until the lock was ours. */
static int lock_and_plan_again(struct up *u)
{
	struct plan prepared = u->plan;

	if (session_lock(&u->s) < 0 || make_plan(u) < 0)
		return -1;
	if (prepared.held_label && u->plan.count > prepared.count)
		u->plan.count = prepared.count;
	if (!same_plan(&prepared, &u->plan))
		return make_plan(u) < 0 ? -1 : prepare(u);
	u->plan = prepared;
	return 0;
}

static int run(struct up *u)
{
	struct session *s = &u->s;
	int result;

	if (session_read(s) < 0 || make_plan(u) < 0)
		return -1;
	if (!s->cmd.quiet)
		warn_about_others(u);
	if (!u->plan.count) {
		cmd_say(&s->cmd, "nothing to do: '%s' is up to date",
			cmd_target_name(&s->cmd));
		return 0;
	}
	if (u->dry_run) {
		if (prepare(u) < 0 || dry_run(u) < 0)
			return -1;
		return report_hold(u);
	}
	/* bad input is refused before anything is written or waited for */
	if (prepare(u) < 0)
		return -1;
	if (!u->plan.count)
		return report_hold(u);
	if (lock_and_plan_again(u) < 0)
		return -1;
	result = session_run(s, &u->plan);
	if (result == 0 && s->done == s->skipped && !u->plan.held_label)
		cmd_say(&s->cmd, "nothing to do: another run was faster");
	return result < 0 ? -1 : report_hold(u);
}

int cmd_up(int argc, char **argv)
{
	struct up u = { .s = SESSION_INIT, .to = -1 };
	const struct option options[] = {
		{ OPTION_NUMBER, 'n', "number", "N", "apply at most N",
		  &u.plan_options.limit },
		{ OPTION_VERSION, 0, "to", "VERSION",
		  "apply up to this one and stop", &u.to },
		{ OPTION_VERSIONS, 0, "release", "VERSION",
		  "apply this one although it is on hold", &u.release },
		{ OPTION_FLAG, 0, "out-of-order", NULL,
		  "apply older ones than the newest that is applied",
		  &u.plan_options.out_of_order },
		{ OPTION_FLAG, 0, "dry-run", NULL,
		  "show what would be applied, change nothing", &u.dry_run },
		CMD_TARGET(u.s.cmd),
		CMD_WAIT(u.s.cmd),
		SESSION_OPTIONS(u.s),
		CMD_JSON(u.s.cmd),
		CMD_COMMON(u.s.cmd),
		CMD_END,
	};
	int status;

	if (options_parse(u.s.cmd.mem, options, usage, &argc, argv, &status) <
	    0)
		return cmd_done(&u.s.cmd, status);
	if (argc)
		return cmd_done(&u.s.cmd,
				options_usage(options, usage,
					      "unexpected argument '%s'",
					      argv[0]));
	u.plan_options.has_to = u.to >= 0;
	u.plan_options.to = u.to;
	if (session_open(&u.s, u.dry_run ? CMD_READ : CMD_CREATE) < 0)
		return session_close(&u.s, -1);
	return session_close(&u.s, run(&u));
}
