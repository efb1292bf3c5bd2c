#include "cmd/consent.h"
#include "cmd/unbegun.h"

#include <stdio.h>
#include <string.h>

static const char *const down_usage[] = {
	"git migrate down [-n N | --to VERSION] [--from-file] [--dry-run]",
	NULL,
};

static const char *const redo_usage[] = {
	"git migrate redo [-n N]",
	NULL,
};

struct down {
	struct session s;
	struct plan_options plan_options;
	int64_t to;
	bool from_file, dry_run, redo;
	struct plan plan;
};

/* With --from-file the text is what is here now, not what was recorded. */
static int use_files(struct down *d)
{
	for (size_t i = 0; i < d->plan.count; i++) {
		struct plan_item *item = &d->plan.items[i];
		const struct migration *here = item->entry->here;
		char version[VERSION_LENGTH + 1];

		if (here && here->half[DIRECTION_DOWN].blob) {
			item->down_blob = here->half[DIRECTION_DOWN].blob;
			item->path = here->half[DIRECTION_DOWN].path;
			continue;
		}
		return error_set(&d->s.cmd.err, ERROR_NOT_FOUND,
				 "migration '%s_%s' has no down script here",
				 version_format(item->version, version),
				 item->name);
	}
	return session_check_committed(&d->s, &d->plan);
}

static int make_plan(struct down *d)
{
	struct session *s = &d->s;

	if (plan_down(s->cmd.mem, s->states, &d->plan_options, &d->plan,
		      &s->cmd.err) < 0)
		return -1;
	return d->from_file ? use_files(d) : 0;
}

static int prepare(struct down *d)
{
	return runner_prepare(d->s.cmd.mem, &d->s.runner, &d->plan, NULL, 0,
			      &d->s.cmd.err);
}

static int ask_consent(struct down *d)
{
	struct plan *plans[] = { &d->plan };

	return consent_ask(&d->s, plans, 1, false);
}

static int nothing(struct down *d)
{
	cmd_say(&d->s.cmd, "nothing to do: nothing %s applied to '%s'",
		d->plan_options.has_to ? "newer is" : "is",
		cmd_target_name(&d->s.cmd));
	return 0;
}

static int show_plan(struct down *d)
{
	return session_dry_run(&d->s, &d->plan) < 0
		       ? -1
		       : consent_preview(&d->s, &d->plan, false);
}

/* A migration that is not here could be reverted but never applied again. */
static int check_all_here(struct down *d)
{
	for (size_t i = 0; i < d->plan.count; i++) {
		const struct plan_item *item = &d->plan.items[i];
		char version[VERSION_LENGTH + 1];

		if (item->entry->here &&
		    item->entry->here->half[DIRECTION_UP].path &&
		    item->entry->here->half[DIRECTION_DOWN].path)
			continue;
		error_set(&d->s.cmd.err, ERROR_REFUSED,
			  "migration '%s_%s' is not here: it could not be "
			  "applied again",
			  version_format(item->version, version), item->name);
		return error_hint(&d->s.cmd.err,
				  "to revert it alone: git migrate down");
	}
	return 0;
}

/* Both ways are read and checked before the first one runs. */
static int prepare_redo(struct down *d, struct plan *up)
{
	struct session *s = &d->s;
	size_t count = d->plan.count;
	/* what was on hold was released when it was applied first */
	int64_t *released = talloc_array(s->cmd.mem, int64_t, (unsigned)count);

	plan_again(s->cmd.mem, &d->plan, up);
	for (size_t i = 0; i < count; i++)
		released[i] = up->items[i].version;
	if (session_begin_origins(s, up) < 0 ||
	    runner_prepare(s->cmd.mem, &s->runner, up, released, count,
			   &s->cmd.err) < 0 ||
	    session_end_origins(s, up) < 0)
		return -1;
	return session_check_committed(s, up);
}

/* Both ways are asked about at once. */
static int ask_redo(struct down *d, struct plan *up)
{
	struct plan *plans[] = { &d->plan, up };

	if (check_all_here(d) < 0 || prepare_redo(d, up) < 0)
		return -1;
	return consent_ask(&d->s, plans, 2, false);
}

/* Before other runs have to wait for the answer. */
static int ask_early(struct down *d)
{
	struct plan up;

	if (!d->s.cmd.target.protected_)
		return 0;
	if (prepare(d) < 0)
		return -1;
	return d->redo ? ask_redo(d, &up) : ask_consent(d);
}

static char *label_of(struct down *d, const struct plan_item *item)
{
	char version[VERSION_LENGTH + 1];

	return talloc_asprintf(d->s.cmd.mem, "%s_%s",
			       version_format(item->version, version),
			       item->name);
}

/* What leads to where the command was to lead, with what came on top of it. */
static void hint_same_end(struct down *d, int64_t oldest, struct error *err)
{
	const struct ledger *ledger = d->s.ledger;
	const struct ledger_row *row = ledger_find(ledger, oldest);
	char version[VERSION_LENGTH + 1] = "0";
	size_t before;

	if (!row)
		return;
	before = (size_t)(row - ledger->rows);
	if (d->redo) {
		error_hint(err, "all of that: git migrate redo -n %zu",
			   ledger->count - before);
		return;
	}
	if (before)
		version_format(row[-1].version, version);
	error_hint(err, "all of that: git migrate down --to %s", version);
}

/*
 * Another run may have been at work since the plan was made. What a person did
 * not know of when typing the command is not theirs to revert.
 */
static int check_still_meant(struct down *d, const struct plan *meant)
{
	struct error *err = &d->s.cmd.err;
	const struct plan_item *now = plan_beyond(meant, &d->plan);
	const struct plan_item *then = &meant->items[0];

	if (!now)
		return 0;
	if (d->plan.items[0].version != then->version)
		error_set(err, ERROR_REFUSED,
			  "another run has changed what is newest on '%s': it "
			  "was '%s' when this was typed, now it is '%s'",
			  cmd_target_name(&d->s.cmd), label_of(d, then),
			  label_of(d, &d->plan.items[0]));
	else
		error_set(err, ERROR_REFUSED,
			  "another run has changed what is applied to '%s': "
			  "'%s' was not to be reverted when this was typed",
			  cmd_target_name(&d->s.cmd), label_of(d, now));
	error_hint(err, "nothing is reverted; to do it as it is now: %s",
		   d->s.command);
	if (!d->plan_options.has_to)
		hint_same_end(d, meant->items[meant->count - 1].version, err);
	return -1;
}

static int plan_again_locked(struct down *d)
{
	struct plan meant = d->plan;

	if (session_lock(&d->s) < 0 || make_plan(d) < 0 ||
	    check_still_meant(d, &meant) < 0)
		return -1;
	return prepare(d);
}

/* Finds out what to do, and does the same again once other runs are out. */
static int plan_and_lock(struct down *d)
{
	if (session_read(&d->s) < 0)
		return -1;
	if (make_plan(d) < 0 && (!unbegun_forget(&d->s) || make_plan(d) < 0))
		return -1;
	if (!d->plan.count || d->dry_run)
		return prepare(d);
	if (ask_early(d) < 0)
		return -1;
	return plan_again_locked(d);
}

static int run_down(struct down *d)
{
	if (plan_and_lock(d) < 0)
		return -1;
	if (d->dry_run && d->s.cmd.json)
		d->s.would = json_array();
	if (!d->plan.count)
		return nothing(d);
	if (d->dry_run)
		return show_plan(d);
	return ask_consent(d) < 0 ? -1 : session_run(&d->s, &d->plan);
}

/* The version of the one that is to go is what people type first. */
static int refuse_argument(const struct option *options,
			   const char *const *usage, const char *name,
			   const char *argument)
{
	int64_t version;

	if (!strcmp(name, "down") && version_parse(argument, &version) == 0)
		return options_usage(options, usage,
				     "unexpected argument '%s': '-n 1' reverts "
				     "the newest, '--to %s' all that are newer "
				     "than that one",
				     argument, argument);
	return options_usage(options, usage, "unexpected argument '%s'",
			     argument);
}

static int parse(struct down *d, const char *name, const struct option *options,
		 const char *const *usage, int argc, char **argv, int *status)
{
	d->s.command = consent_command(d->s.cmd.mem, name, argc, argv);
	if (options_parse(d->s.cmd.mem, options, usage, &argc, argv, status) <
	    0)
		return -1;
	if (argc) {
		*status = refuse_argument(options, usage, name, argv[0]);
		return -1;
	}
	d->plan_options.has_to = d->to >= 0;
	d->plan_options.to = d->to;
	if (!d->plan_options.limit)
		d->plan_options.limit = 1;
	return 0;
}

int cmd_down(int argc, char **argv)
{
	struct down d = { .s = SESSION_INIT, .to = -1 };
	const struct option options[] = {
		{ OPTION_NUMBER, 'n', "number", "N", "revert the N newest (1)",
		  &d.plan_options.limit },
		{ OPTION_VERSION, 0, "to", "VERSION",
		  "revert all that are newer; 0: everything", &d.to },
		{ OPTION_FLAG, 0, "from-file", NULL,
		  "use the scripts here, not the recorded ones", &d.from_file },
		{ OPTION_FLAG, 0, "dry-run", NULL,
		  "show what would be reverted, change nothing", &d.dry_run },
		CMD_TARGET(d.s.cmd),
		CMD_WAIT(d.s.cmd),
		SESSION_OPTIONS(d.s),
		CMD_JSON(d.s.cmd),
		CMD_COMMON(d.s.cmd),
		CMD_END,
	};
	int status;

	if (parse(&d, "down", options, down_usage, argc, argv, &status) < 0)
		return cmd_done(&d.s.cmd, status);
	/* what is recorded is what reverts */
	d.s.cmd.lenient = !d.from_file;
	if (session_open(&d.s, d.dry_run ? CMD_READ : CMD_WRITE) < 0)
		return session_close(&d.s, -1);
	return session_close(&d.s, run_down(&d));
}

static int run_redo(struct down *d)
{
	struct plan up;

	if (plan_and_lock(d) < 0)
		return -1;
	if (!d->plan.count)
		return nothing(d);
	if (ask_redo(d, &up) < 0 ||
	    session_check_syntax(&d->s, &d->plan, &up) < 0)
		return -1;
	return session_run(&d->s, &d->plan) < 0 ? -1 : session_run(&d->s, &up);
}

int cmd_redo(int argc, char **argv)
{
	struct down d = { .s = SESSION_INIT, .to = -1, .redo = true };
	const struct option options[] = {
		{ OPTION_NUMBER, 'n', "number", "N",
		  "revert and apply the N newest (1)", &d.plan_options.limit },
		CMD_TARGET(d.s.cmd),
		CMD_WAIT(d.s.cmd),
		SESSION_OPTIONS(d.s),
		CMD_JSON(d.s.cmd),
		CMD_COMMON(d.s.cmd),
		CMD_END,
	};
	int status;

	if (parse(&d, "redo", options, redo_usage, argc, argv, &status) < 0)
		return cmd_done(&d.s.cmd, status);
	if (session_open(&d.s, CMD_WRITE) < 0)
		return session_close(&d.s, -1);
	return session_close(&d.s, run_redo(&d));
}
