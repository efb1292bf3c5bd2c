#include "cmd/consent.h"
#include "cmd/demand.h"
#include "cmd/unbegun.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static const char *const usage[] = {
	"git migrate up [-n N | --to VERSION] [--release VERSION]... "
	"[--out-of-order] [--dry-run]",
	"git migrate up --health URL|COMMAND [--watch DURATION] "
	"[--rollback-on-failure]",
	NULL,
};

struct up {
	struct session s;
	struct plan_options plan_options;
	int64_t to;
	struct version_list release;
	bool dry_run, rollback;
	struct plan plan;
};

static int make_plan(struct up *u)
{
	return plan_up(u->s.cmd.mem, u->s.states, u->s.here, &u->plan_options,
		       &u->plan, &u->s.cmd.err);
}

/* What cannot be released is told before anything runs. */
static int check_released(struct up *u)
{
	struct cmd *cmd = &u->s.cmd;

	for (size_t i = 0; i < u->release.count; i++) {
		const struct state_entry *e = states_find(u->s.states,
							  u->release.list[i]);
		char version[VERSION_LENGTH + 1];

		version_format(u->release.list[i], version);
		if (!e) {
			error_set(&cmd->err, ERROR_FAILED,
				  "there is no migration %s here to release",
				  version);
			return error_hint(&cmd->err,
					  "see the versions: git migrate "
					  "status");
		}
		if (e->row)
			cmd_say(cmd, "%s_%s is applied already", version,
				e->name);
	}
	return 0;
}

static int prepare(struct up *u)
{
	struct cmd *cmd = &u->s.cmd;

	if (session_begin_origins(&u->s, &u->plan) < 0 ||
	    runner_prepare(cmd->mem, &u->s.runner, &u->plan, u->release.list,
			   u->release.count, &cmd->err) < 0 ||
	    session_end_origins(&u->s, &u->plan) < 0)
		return -1;
	return session_check_committed(&u->s, &u->plan);
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

/* The plan as it is prepared; it may be reverted at once if it was asked for.
 */
static int ask_consent(struct up *u)
{
	struct plan *plans[] = { &u->plan };

	if (demand_proofs(&u->s, &u->plan) < 0)
		return -1;
	return consent_ask(&u->s, plans, 1, u->rollback);
}

/* One that another run has reverted meanwhile, or that is the next one now that
   the one which was meant is applied, is not applied unasked. */
static int check_still_meant(struct up *u, const struct plan *meant)
{
	const struct plan_item *now = plan_beyond(meant, &u->plan);
	struct cmd *cmd = &u->s.cmd;
	char version[VERSION_LENGTH + 1];

	if (!now)
		return 0;
	error_set(&cmd->err, ERROR_REFUSED,
		  "another run has changed what is pending on '%s': '%s_%s' "
		  "was not to be applied when this was typed",
		  cmd_target_name(cmd), version_format(now->version, version),
		  now->name);
	return error_hint(&cmd->err,
			  "nothing is applied; to do it as it is now: %s",
			  u->s.command);
}

static int plan_anew(struct up *u, const struct plan *meant)
{
	if (make_plan(u) < 0 || prepare(u) < 0 ||
	    check_still_meant(u, meant) < 0)
		return -1;
	return ask_consent(u);
}

/* Another run may have been at work until the lock was ours. */
static int lock_and_plan_again(struct up *u)
{
	struct plan prepared = u->plan;

	if (session_lock(&u->s) < 0 || make_plan(u) < 0)
		return -1;
	if (prepared.held_label && u->plan.count > prepared.count)
		u->plan.count = prepared.count;
	if (!plan_same(&prepared, &u->plan))
		return plan_anew(u, &prepared);
	u->plan = prepared;
	return 0;
}

/* What this call has applied, in that order. */
static size_t applied_here(const struct session *s, int64_t *versions)
{
	size_t count = 0;

	for (size_t i = 0; i < s->run_count; i++)
		if (s->runs[i]->ok && s->runs[i]->direction == DIRECTION_UP)
			versions[count++] = s->runs[i]->version;
	return count;
}

static int revert(struct up *u, const int64_t *versions, size_t count)
{
	struct session *s = &u->s;
	struct plan plan;

	s->health.check = NULL;
	if (session_read(s) < 0)
		return -1;
	plan_revert(s->cmd.mem, s->states, versions, count, &plan);
	if (runner_prepare(s->cmd.mem, &s->runner, &plan, NULL, 0,
			   &s->cmd.err) < 0)
		return -1;
	consent_mark(s, &plan);
	return session_run(s, &plan);
}

/* Whether it was asked for, and what failed leaves a way back. */
static bool may_roll_back(const struct up *u)
{
	const struct error *err = &u->s.cmd.err;

	return u->rollback && !u->s.runner.unfinished && !u->s.cmd.db->lost &&
	       err->code != ERROR_CONNECTION && err->code != ERROR_INTERRUPTED;
}

/* The error is still that of the failure, unless this fails, too. */
static void roll_back(struct up *u)
{
	struct session *s = &u->s;
	struct error why = s->cmd.err;
	int64_t *versions = talloc_array(s->cmd.mem, int64_t,
					 (unsigned)s->run_count + 1);
	size_t count = applied_here(s, versions);

	if (!count)
		return;
	memset(&s->cmd.err, 0, sizeof(s->cmd.err));
	limits_end(&s->limits);
	if (revert(u, versions, count) < 0) {
		progress_end();
		cmd_print_error(&why);
		error_release(&why);
		error_prefix(&s->cmd.err, "unable to roll back");
		return;
	}
	s->cmd.err = why;
	s->rolled_back = true;
	error_hint(&s->cmd.err, "rolled back: all %zu that this run applied",
		   count);
}

/* What is there now, and how to go on, when something is not well. */
static void explain_health(struct up *u)
{
	struct session *s = &u->s;

	if (!s->health.check || s->rolled_back ||
	    s->cmd.err.code != ERROR_REFUSED || !s->run_count ||
	    !s->runs[s->run_count - 1]->ok)
		return;
	error_hint(&s->cmd.err, "it is applied, and so is what came before it");
	if (s->left > 1)
		error_hint(&s->cmd.err, "%zu after it not started",
			   s->left - 1);
	error_hint(&s->cmd.err, "to revert it: git migrate down");
}

static int run_plan(struct up *u)
{
	struct session *s = &u->s;

	if (session_run(s, &u->plan) == 0)
		return 0;
	/* the end of its time is a failure, not the person's wish */
	limits_explain(&s->limits, &s->cmd.err);
	if (may_roll_back(u))
		roll_back(u);
	explain_health(u);
	return -1;
}

static int run(struct up *u)
{
	struct session *s = &u->s;
	int result;

	if (session_read(s) < 0 || check_released(u) < 0)
		return -1;
	if (make_plan(u) < 0 && (!unbegun_forget(s) || make_plan(u) < 0))
		return -1;
	if (!s->cmd.quiet)
		warn_about_others(u);
	if (u->dry_run && s->cmd.json)
		s->would = json_array();
	if (!u->plan.count) {
		cmd_say(&s->cmd, "nothing to do: '%s' is up to date",
			cmd_target_name(&s->cmd));
		return 0;
	}
	if (u->dry_run) {
		if (prepare(u) < 0 || session_dry_run(s, &u->plan) < 0 ||
		    demand_preview(s, &u->plan) < 0 ||
		    consent_preview(s, &u->plan, u->rollback) < 0)
			return -1;
		return report_hold(u);
	}
	/* bad input is refused before anything is written or waited for */
	if (prepare(u) < 0)
		return -1;
	if (!u->plan.count)
		return report_hold(u);
	if (ask_consent(u) < 0)
		return -1;
	if (lock_and_plan_again(u) < 0)
		return -1;
	result = run_plan(u);
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
		{ OPTION_TEXT, 0, "health", "URL|COMMAND",
		  "check after each migration that all is well",
		  &u.s.health.check },
		{ OPTION_SECONDS, 0, "watch", "DURATION",
		  "how long a failing check is tried again (10s)",
		  &u.s.health.watch_ms },
		{ OPTION_FLAG, 0, "rollback-on-failure", NULL,
		  "revert what this run applied when it fails", &u.rollback },
		CMD_TARGET(u.s.cmd),
		CMD_WAIT(u.s.cmd),
		SESSION_OPTIONS(u.s),
		CMD_JSON(u.s.cmd),
		CMD_COMMON(u.s.cmd),
		CMD_END,
	};
	int status;

	u.s.command = consent_command(u.s.cmd.mem, "up", argc, argv);
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
