#include "cmd/consent.h"

#include <stdio.h>
#include <string.h>

#include "cmd/would.h"
#include "core/base/text.h"
#include "core/run/repair.h"

static const char *const usage[] = {
	"git migrate repair [VERSION] [--json]",
	"git migrate repair [VERSION] (--resume | --skip | --clean-up | "
	"--mark-done | --mark-undone)",
	NULL,
};

struct repairing {
	struct session s;
	bool resume, skip, clean_up, mark_done, mark_undone;
	int64_t version; /* -1: whichever is unfinished */
	struct plan plan;
	struct repair repair;
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

static char *label(TALLOC_CTX *mem, const struct repair *repair)
{
	char version[VERSION_LENGTH + 1];

	return talloc_asprintf(mem, "%s_%s",
			       version_format(repair->row->version, version),
			       text_visible(mem, repair->row->name, false));
}

/* --- showing -------------------------------------------------------------- */

static const char *verdict_name(enum db_verdict verdict)
{
	static const char *const names[] = {
		[DB_UNKNOWN] = "unknown", [DB_UNDONE] = "not-done",
		[DB_DONE] = "done",	  [DB_REMAINS] = "remains",
		[DB_HALF] = "half-done",
	};

	return names[verdict];
}

/* Of statement n: what the ledger knows of it. */
static const char *statement_state(const struct repair *repair, int n)
{
	if (n < repair->progress->done)
		return "done";
	if (n == repair->progress->done &&
	    (repair->progress->started || repair->progress->position))
		return "begun";
	return "to do";
}

/* The statement's place, kind and what it is about. */
static char *statement_text(TALLOC_CTX *mem, const struct script *script, int n)
{
	int line, column;

	text_position(script->text, script->length,
		      script->statements[n].offset, &line, &column);
	return talloc_asprintf(mem, "%s:%d: %s", script->path, line,
			       statement_title(mem, script, (size_t)n));
}

static void show_verdict(const struct repair *repair)
{
	switch (repair->verdict) {
	case DB_UNKNOWN:
		puts("         whether it was carried out cannot be told");
		break;
	case DB_UNDONE:
		puts("         it was not carried out, or does no harm twice");
		break;
	case DB_DONE:
		puts("         it was carried out");
		break;
	case DB_REMAINS:
		cmd_line("         it was not carried out, and left the %s",
			 repair->remains);
		break;
	case DB_HALF:
		cmd_line("         it is half done, and left the %s",
			 repair->remains);
		break;
	}
}

static void show_position(TALLOC_CTX *mem, const struct repair *repair)
{
	const struct batch_position *at =
		batch_position_parse(mem, repair->progress->position);

	if (at)
		printf("         %s batch%s committed, %s row%s\n",
		       text_thousands(mem, at->batches),
		       at->batches == 1 ? " is" : "es are",
		       text_thousands(mem, at->rows), at->rows == 1 ? "" : "s");
}

static void show_statements(TALLOC_CTX *mem, const struct repair *repair)
{
	const struct script *script = repair->item.script;

	if (!script || !repair->progress)
		return;
	for (int n = 0; n < (int)script->statement_count; n++) {
		cmd_line("  %-6s %s", statement_state(repair, n),
			 statement_text(mem, script, n));
		if (n == repair->progress->done && repair->progress->started)
			show_verdict(repair);
		if (n == repair->progress->done && repair->progress->position)
			show_position(mem, repair);
	}
}

static bool can_resume(const struct repair *repair)
{
	return repair->item.script && repair->progress && !repair->changed;
}

static void show_ways(const struct repairing *r)
{
	const struct cmd *cmd = &r->s.cmd;
	const struct repair *repair = &r->repair;
	const char *script = direction_name(repair->row->direction);
	char version[VERSION_LENGTH + 1];

	version_format(repair->row->version, version);
	if (can_resume(repair) && repair_is_under_way(repair) &&
	    repair->verdict == DB_UNKNOWN) {
		cmd_hint(cmd,
			 "to run statement %d again, then the others: "
			 "git migrate repair %s --resume",
			 repair->progress->started, version);
		cmd_hint(cmd,
			 "to count it as done, then run the others: "
			 "git migrate repair %s --skip",
			 version);
	} else if (can_resume(repair)) {
		cmd_hint(cmd, "to go on: git migrate %s", script);
		if (repair->failed)
			cmd_hint(cmd,
				 "to leave statement %d out, then run the "
				 "others: git migrate repair %s --skip",
				 repair->progress->done + 1, version);
	}
	if (repair->verdict == DB_REMAINS)
		cmd_hint(cmd,
			 "to remove what it left, and no more: "
			 "git migrate repair %s --clean-up",
			 version);
	if (repair->verdict == DB_HALF)
		cmd_hint(cmd,
			 "to finish that statement, and no more: "
			 "git migrate repair %s --clean-up",
			 version);
	cmd_hint(cmd,
		 "once you have done the rest by hand: "
		 "git migrate repair %s --mark-done",
		 version);
	cmd_hint(cmd,
		 "once you have undone all of it by hand: "
		 "git migrate repair %s --mark-undone",
		 version);
}

static void show(struct repairing *r)
{
	const struct repair *repair = &r->repair;
	TALLOC_CTX *mem = r->s.cmd.mem;

	printf("%s is unfinished: ", label(mem, repair));
	if (repair->progress)
		printf("%d of %d statements of its %s script are done\n",
		       repair->progress->done, repair->row->total,
		       direction_name(repair->row->direction));
	else
		printf("how far its %s script came is not recorded\n",
		       direction_name(repair->row->direction));
	show_statements(mem, repair);
	fflush(stdout);
	if (repair->changed)
		cmd_warning("what was carried out is not what the script "
			    "begins with now; what ran is blob %s",
			    repair->row->direction == DIRECTION_UP
				    ? repair->row->up_blob
				    : repair->row->down_blob);
	if (repair->unreadable.code)
		cmd_warning("its script cannot be read: %s",
			    repair->unreadable.message);
	show_ways(r);
}

static json_t *statements_json(TALLOC_CTX *mem, const struct repair *repair)
{
	const struct script *script = repair->item.script;
	json_t *list = json_array();

	for (int n = 0;
	     script && repair->progress && n < (int)script->statement_count;
	     n++) {
		const struct statement *s = &script->statements[n];
		int line, column;

		text_position(script->text, script->length, s->offset, &line,
			      &column);
		json_array_append_new(
			list,
			json_pack("{s:i, s:s, s:s, s:s}", "index", n + 1,
				  "kind", s->kind, "place",
				  talloc_asprintf(mem, "%s:%d:%d", script->path,
						  line, column),
				  "state", statement_state(repair, n)));
	}
	return list;
}

static void show_json(struct repairing *r)
{
	const struct repair *repair = &r->repair;
	char version[VERSION_LENGTH + 1];
	json_t *json, *list = json_array();
	bool under_way;

	r->s.answered = true;
	if (repair->row) {
		under_way = repair_is_under_way(repair);
		json = json_pack(
			"{s:s, s:s, s:s, s:i, s:i, s:b, s:o, s:o, s:o}",
			"version",
			version_format(repair->row->version, version), "name",
			repair->row->name, "direction",
			direction_name(repair->row->direction),
			"statements_done", repair->row->done,
			"statements_total", repair->row->total, "changed",
			repair->changed, "verdict",
			under_way ? json_string(verdict_name(repair->verdict))
				  : json_null(),
			"remains",
			repair->remains ? json_string(repair->remains)
					: json_null(),
			"statements", statements_json(r->s.cmd.mem, repair));
		json_array_append_new(list, json);
	}
	cmd_print_json(json_pack("{s:o}", "repairs", list));
}

/* --- acting --------------------------------------------------------------- */

static int check_skip(struct repairing *r)
{
	struct cmd *cmd = &r->s.cmd;

	if (!r->skip || repair_check_skip(&r->repair, &cmd->err) == 0)
		return 0;
	return error_prefix(&cmd->err, "migration '%s'",
			    label(cmd->mem, &r->repair));
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
		statement_text(s->cmd.mem, repair->item.script,
			       repair->progress->done));
	return 0;
}

/* Going on takes the pair: what is recorded then is what ran. */
static int go_on(struct repairing *r)
{
	struct plan *plans[] = { &r->plan };
	struct session *s = &r->s;
	struct plan_item *item = &r->plan.items[0];

	if (item->direction == DIRECTION_UP &&
	    (!item->path || !item->down_path)) {
		error_set(&s->cmd.err, ERROR_REFUSED,
			  "migration '%s' is not here",
			  label(s->cmd.mem, &r->repair));
		return error_hint(&s->cmd.err,
				  "switch to a branch that has it: "
				  "git migrate status");
	}
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
	cmd_say(&s->cmd, "%s now counts as %s", label(s->cmd.mem, repair),
		up == r->mark_done ? "applied" : "not applied");
	return 0;
}

static int clean_up(struct repairing *r)
{
	struct session *s = &r->s;
	const struct repair *repair = &r->repair;
	const char *name = label(s->cmd.mem, repair);
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
		show_json(r);
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
			show_json(r);
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
		show_json(r);
	else
		show(r);
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
