#include "cmd/consent.h"
#include "cmd/repairing.h"

static const char *const usage[] = {
	"git migrate repair [VERSION] [--json]",
	"git migrate repair [VERSION] (--resume | --skip | --clean-up | "
	"--mark-done | --mark-undone)",
	NULL,
};

static bool acts(const struct repairing *r)
{
	return r->resume || r->skip || r->clean_up || r->mark_done ||
	       r->mark_undone;
}

/* It then runs what is left, and reports that run. */
static bool goes_on(const struct repairing *r)
{
	return r->resume || r->skip;
}

/* --- acting --------------------------------------------------------------- */

static int check_skip(struct repairing *r)
{
	struct cmd *cmd = &r->s.cmd;

	if (!r->skip || repair_check_skip(&r->repair, &cmd->err) == 0)
		return 0;
	return error_prefix(&cmd->err, "migration '%s'",
			    repairing_label(cmd->mem, &r->repair));
}

static int skip(struct repairing *r)
{
	struct session *s = &r->s;
	const struct repair *repair = &r->repair;

	if (!r->skip)
		return 0;
	if (repair_skip(&s->runner, repair, &s->cmd.err) < 0)
		return -1;
	r->plan.items[0].resume = RESUME_SURE;
	cmd_say(&s->cmd, "statement %d counts as done%s: %s",
		repair->progress->done + 1,
		repair->progress->position ? ", with the batches that are left"
					   : "",
		repairing_statement(s->cmd.mem, repair->item.script,
				    repair->progress->done));
	return 0;
}

/* Going on takes the pair: what is recorded then is what ran. */
static int go_on(struct repairing *r)
{
	struct plan *plans[] = { &r->plan };
	struct session *s = &r->s;
	struct plan_item *item = &r->plan.items[0];

	if (!repairing_is_here(r))
		return repairing_not_here(r);
	if (check_skip(r) < 0)
		return -1;
	item->resume = r->skip ? RESUME_SKIP : RESUME_AGAIN;
	if (item->direction == DIRECTION_UP &&
	    (session_begin_origins(s, &r->plan) < 0 ||
	     session_end_origins(s, &r->plan) < 0 ||
	     session_check_committed(s, &r->plan) < 0))
		return -1;
	if (runner_prepare(s->cmd.mem, &s->runner, &r->plan, NULL, 0,
			   &s->cmd.err) < 0 ||
	    consent_ask(s, plans, 1, false) < 0 || skip(r) < 0)
		return -1;
	return session_run(s, &r->plan);
}

static int mark(struct repairing *r)
{
	struct session *s = &r->s;
	const struct repair *repair = &r->repair;
	bool up = repair->row->direction == DIRECTION_UP;

	if (repair_mark(&s->runner, repair,
			r->mark_done ? REPAIR_DONE : REPAIR_UNDONE,
			&s->cmd.err) < 0)
		return -1;
	cmd_say(&s->cmd, "%s now counts as %s",
		repairing_label(s->cmd.mem, repair),
		up == r->mark_done ? "applied" : "not applied");
	return 0;
}

static int clean_up(struct repairing *r)
{
	struct session *s = &r->s;
	const struct repair *repair = &r->repair;
	const char *name = repairing_label(s->cmd.mem, repair);
	bool forgotten;

	if (repair_clean(&s->runner, repair, &forgotten, &s->cmd.err) < 0)
		return -1;
	if (repair->verdict == DB_REMAINS)
		cmd_say(&s->cmd, "removed the %s", repair->remains);
	else if (repair->verdict == DB_HALF)
		cmd_say(&s->cmd, "finished statement %d: no more %s",
			repair->progress->started, repair->remains);
	else if (!forgotten)
		cmd_say(&s->cmd,
			"nothing to clean up: %s left nothing that "
			"is known",
			name);
	if (forgotten)
		cmd_say(&s->cmd,
			"%s is not unfinished any more: nothing of "
			"it is done",
			name);
	return 0;
}

static int act(struct repairing *r)
{
	if (goes_on(r))
		return go_on(r);
	if ((r->clean_up ? clean_up(r) : mark(r)) < 0)
		return -1;
	if (r->s.cmd.json)
		repairing_show_json(r);
	return 0;
}

static int make_plan(struct repairing *r)
{
	struct session *s = &r->s;

	return plan_repair(s->cmd.mem, s->states, r->version, &r->plan,
			   &s->cmd.err);
}

static int run(struct repairing *r)
{
	struct session *s = &r->s;

	if (session_read(s) < 0 || make_plan(r) < 0)
		return -1;
	if (!r->plan.count) {
		if (s->cmd.json && !goes_on(r))
			repairing_show_json(r);
		else
			cmd_say(&s->cmd, "nothing to repair on '%s'",
				cmd_target_name(&s->cmd));
		return 0;
	}
	if (acts(r) && (session_lock(s) < 0 || make_plan(r) < 0))
		return -1;
	if (!r->plan.count ||
	    repair_look(s->cmd.mem, &s->runner, &r->plan.items[0], &r->repair,
			&s->cmd.err) < 0)
		return -1;
	if (acts(r))
		return act(r);
	if (s->cmd.json)
		repairing_show_json(r);
	else
		repairing_show(r);
	return 0;
}

int cmd_repair(int argc, char **argv)
{
	struct repairing r = { .s = SESSION_INIT, .version = -1 };
	const struct option options[] = {
		{ OPTION_FLAG, 0, "resume", NULL,
		  "go on, with the statement that was begun", &r.resume },
		{ OPTION_FLAG, 0, "skip", NULL,
		  "go on, the statement that was begun or failed counts as "
		  "done",
		  &r.skip },
		{ OPTION_FLAG, 0, "clean-up", NULL,
		  "remove what a statement left behind", &r.clean_up },
		{ OPTION_FLAG, 0, "mark-done", NULL,
		  "the rest was done by hand", &r.mark_done },
		{ OPTION_FLAG, 0, "mark-undone", NULL,
		  "all of it was undone by hand", &r.mark_undone },
		CMD_TARGET(r.s.cmd),
		CMD_WAIT(r.s.cmd),
		SESSION_OPTIONS(r.s),
		CMD_JSON(r.s.cmd),
		CMD_COMMON(r.s.cmd),
		CMD_END,
	};
	struct session *s = &r.s;
	int64_t *versions;
	int status, result;

	s->command = consent_command(s->cmd.mem, "repair", argc, argv);
	if (options_parse(s->cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&s->cmd, status);
	if (argc > 1 ||
	    r.resume + r.skip + r.clean_up + r.mark_done + r.mark_undone > 1)
		return cmd_done(&s->cmd,
				options_usage(options, usage,
					      argc > 1 ? "one VERSION at most"
						       : "one way at a time"));
	if (cmd_versions(&s->cmd, argc, argv, &versions) < 0)
		return cmd_fail(&s->cmd);
	if (argc)
		r.version = versions[0];
	result = session_open(s, acts(&r) ? CMD_WRITE : CMD_READ);
	if (result == 0)
		result = run(&r);
	error_release(&r.repair.unreadable);
	return session_close(s, result);
}
