#include "cmd/consent.h"
#include "cmd/syncing.h"

#include <stdio.h>

static const char *const usage[] = {
	"git migrate sync [COMMIT] [--dry-run]",
	NULL,
};

/* What a `hold` ended is not all of the commit. */
static int report_hold(struct syncing *y)
{
	struct cmd *cmd = &y->s->cmd;
	const struct plan *ups = &y->plan.ups;
	char version[VERSION_LENGTH + 1];

	if (!ups->held_label)
		return 0;
	error_set(&cmd->err, ERROR_REFUSED, "migration '%s' is on hold: %s",
		  ups->held_label, ups->held_why);
	return error_hint(&cmd->err,
			  "when that is done: git migrate up --release %s",
			  version_format(ups->held_version, version));
}

static int run(struct syncing *y, bool dry_run)
{
	struct session *s = y->s;

	if (session_read(s) < 0 || syncing_prepare(y) < 0 ||
	    syncing_check(y) < 0)
		return -1;
	if (sync_plan_is_empty(&y->plan) && !y->plan.ups.held_label)
		cmd_say(&s->cmd, "nothing to do: '%s' has what %s has",
			cmd_target_name(&s->cmd), y->with);
	if (sync_plan_is_empty(&y->plan))
		return syncing_show(y, dry_run) < 0 ? -1 : report_hold(y);
	if (syncing_show(y, dry_run) < 0)
		return -1;
	if (dry_run)
		return report_hold(y);
	if (syncing_ask(y) < 0 || syncing_lock(y) < 0 ||
	    syncing_revert(y) < 0 || syncing_apply(y) < 0)
		return -1;
	return report_hold(y);
}

int cmd_sync(int argc, char **argv)
{
	struct session s = SESSION_INIT;
	struct syncing y = { .s = &s };
	bool dry_run = false;
	const struct option options[] = {
		{ OPTION_FLAG, 'n', "dry-run", NULL,
		  "show what would be done, change nothing", &dry_run },
		CMD_TARGET(s.cmd),
		CMD_WAIT(s.cmd),
		SESSION_OPTIONS(s),
		CMD_JSON(s.cmd),
		CMD_COMMON(s.cmd),
		CMD_END,
	};
	const char *revision;
	int status;

	s.command = consent_command(s.cmd.mem, "sync", argc, argv);
	s.go_on = s.command;
	if (options_parse(s.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&s.cmd, status);
	if (argc > 1)
		return cmd_done(&s.cmd,
				options_usage(options, usage,
					      "unexpected argument '%s'",
					      argv[1]));
	revision = argc ? argv[0] : NULL;
	if (session_open_at(&s, revision, dry_run ? CMD_READ : CMD_CREATE) < 0)
		return session_close(&s, -1);
	y.with = s.commit ? talloc_asprintf(s.cmd.mem, "commit %.10s", s.commit)
		 : s.cmd.repo->top ? "the work tree"
				   : "HEAD";
	return session_close(&s, run(&y, dry_run));
}
