#include "cmd/consent.h"
#include "cmd/switching.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text.h"

static const char *const usage[] = {
	"git migrate switch (BRANCH | --detach COMMIT) [--dry-run]",
	"git migrate switch (--continue | --abort)",
	NULL,
};

/* --- one at a time -------------------------------------------------------- */

/*
 * A git switch that we started holds it, too: whoever has it knows that none of
 * an earlier one is still at work, however that one ended.
 */
static int hold_lock(struct switching *w, int *held)
{
	struct cmd *cmd = &w->s.cmd;
	const struct timespec pause = { .tv_nsec = 20000000 };
	int64_t until = clock_mono_us() + (int64_t)cmd->wait_ms * 1000;
	char *path = cmd_own_file(cmd, "switch.lock");
	int fd = open(path, O_RDWR | O_CREAT, 0666);

	if (fd < 0)
		return error_set(&cmd->err, ERROR_FAILED,
				 "unable to write '%s': %s", path,
				 strerror(errno));
	while (!(w->alone = flock(fd, LOCK_EX | LOCK_NB) == 0)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			break; /* a file system without locks */
		if (clock_mono_us() > until || cmd_is_interrupted()) {
			close(fd);
			return error_set(&cmd->err, ERROR_BUSY,
					 "another 'git migrate switch' is at "
					 "work in this work tree");
		}
		nanosleep(&pause, NULL);
	}
	*held = fd;
	return 0;
}

/* Explicitly: what a hook has left running may have it, too. */
static void release_lock(int held)
{
	if (held < 0)
		return;
	flock(held, LOCK_UN);
	close(held);
}

/* --- git ------------------------------------------------------------------ */

static int aim(struct switching *w, const char *name, bool detach,
	       struct destination *to)
{
	struct cmd *cmd = &w->s.cmd;

	return repo_destination(cmd->mem, cmd->repo, name, detach, to,
				&cmd->err);
}

/* A git switch that was killed is brought to its end first. */
static int finish_git(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;
	struct journal *j = w->journal;
	struct destination heading =
		j->heading == HEADING_FROM
			? switching_origin(w)
			: switching_branch_or(
				  w, j->to_detached ? NULL : j->to_name,
				  j->to_commit);

	/* whoever has gone on from there since knows where to */
	if (j->heading == HEADING_NOWHERE ||
	    (strcmp(cmd->repo->head, j->from_commit) != 0 &&
	     strcmp(cmd->repo->head, j->to_commit) != 0))
		return 0;
	if (repo_mend_switch(cmd->repo, &heading, w->alone, &cmd->err) < 0) {
		if (cmd->err.code == ERROR_BUSY)
			switching_hint_ways(w);
		return -1;
	}
	if (switching_open_again(w) < 0)
		return -1;
	return switching_go(w, &heading, j->heading);
}

/* --- before anything is done ---------------------------------------------- */

static void hint_uncommitted(struct error *err, const struct migration *m)
{
	error_hint(err, "commit it: git commit");
	for (int d = DIRECTION_UP; m && d <= DIRECTION_DOWN; d++) {
		const struct half *half = &m->half[d];

		if (half->path && half->flags && !(half->flags & HALF_NEW))
			error_hint(err,
				   "or take back what is changed: git checkout "
				   "%s-- '%s'",
				   half->flags & HALF_STAGED ? "HEAD " : "",
				   half->path);
	}
	error_hint(err, "or revert what is newer, and it: git migrate down");
}

/* A script that no commit has would stay here, while its table goes. */
static int check_committed(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;
	const struct states *states = w->s.states;

	for (size_t i = 0; i < states->count; i++) {
		const struct state_entry *e = &states->list[i];
		char version[VERSION_LENGTH + 1];

		if (!e->row || !(e->flags & FLAG_UNCOMMITTED))
			continue;
		version_format(e->version, version);
		error_set(&cmd->err, ERROR_REFUSED,
			  "migration '%s_%s' is applied to '%s', and not "
			  "committed as it is here",
			  version, e->name, cmd_target_name(cmd));
		hint_uncommitted(&cmd->err, e->here);
		return -1;
	}
	return 0;
}

static int begin_journal(struct switching *w)
{
	struct session *s = &w->s;
	struct cmd *cmd = &s->cmd;
	struct journal *j = w->journal;

	if (!j) {
		j = w->journal = talloc_zero(cmd->mem, struct journal);
		if (journal_take(j, s->ledger, &cmd->err) < 0)
			return -1;
		j->from_commit = cmd->repo->head;
		j->from_branch = cmd->repo->branch;
		j->target = cmd_target_name(cmd);
		j->database = cmd->db->label;
		j->place = cmd_place(cmd);
	}
	j->to_commit = w->to.commit;
	j->to_name = w->to.name;
	j->to_detached = !w->to.branch;
	return switching_keep_journal(w, HEADING_NOWHERE);
}

/* --- going there ---------------------------------------------------------- */

static int prepare(struct switching *w)
{
	struct session *s = &w->s;
	struct cmd *cmd = &s->cmd;

	w->y.finish = w->journal != NULL;
	if (switching_settings_of(w, w->to.commit) < 0 ||
	    session_at(s, w->to.commit) < 0 || session_read(s) < 0)
		return -1;
	w->y.branch = w->to.branch ? text_visible(cmd->mem, w->to.branch, false)
				   : NULL;
	w->y.with = w->to.branch ? talloc_asprintf(cmd->mem, "branch '%s'",
						   w->to.branch)
				 : talloc_asprintf(cmd->mem, "commit %.10s",
						   w->to.commit);
	if (syncing_prepare(&w->y) < 0 || syncing_check(&w->y) < 0)
		return -1;
	if (repo_is_at(cmd->repo, &w->to))
		return 0;
	return repo_would_switch(cmd->repo, &w->to, &cmd->err);
}

/* In between the database has what both ends have. */
static int go_there(struct switching *w)
{
	if (begin_journal(w) < 0)
		return -1;
	w->begun = true;
	if (syncing_revert(&w->y) < 0 ||
	    switching_go(w, &w->to, HEADING_TO) < 0)
		return -1;
	return syncing_apply(&w->y) < 0 ||
			       journal_remove(w->path, &w->s.cmd.err) < 0
		       ? -1
		       : 0;
}

static int forward(struct switching *w)
{
	struct session *s = &w->s;

	if (!w->journal && (session_read(s) < 0 || check_committed(w) < 0))
		return -1;
	if (prepare(w) < 0 || syncing_show(&w->y, w->dry_run) < 0)
		return -1;
	if (w->dry_run) {
		if (sync_plan_is_empty(&w->y.plan) && !w->y.plan.ups.held_label)
			cmd_say(&s->cmd,
				"nothing to do in the database: '%s' has what "
				"%s has",
				cmd_target_name(&s->cmd), w->y.with);
		return 0;
	}
	if (syncing_ask(&w->y) < 0 || syncing_lock(&w->y) < 0)
		return -1;
	if (go_there(w) == 0)
		return 0;
	limits_explain(&s->limits, &s->cmd.err);
	if (switching_can_go_back(w))
		switching_undo(w);
	else if (w->begun)
		switching_hint_ways(w);
	return -1;
}

/* --- what was cut off ----------------------------------------------------- */

static int check_target(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;
	const struct journal *j = w->journal;

	if (!strcmp(j->database, cmd->db->label)) {
		if (!j->place || !strcmp(j->place, cmd_place(cmd)))
			return 0;
		error_set(&cmd->err, ERROR_REFUSED,
			  "a switch was cut off here with another database "
			  "that is called '%s', on another server or by "
			  "another address",
			  j->database);
		return error_hint(&cmd->err,
				  "complete it with the address of then: git "
				  "migrate switch --continue --target URL");
	}
	error_set(&cmd->err, ERROR_REFUSED,
		  "a switch was cut off here with target '%s' (%s), not '%s'",
		  j->target, j->database, cmd_target_name(cmd));
	return error_hint(&cmd->err,
			  "complete it first: git migrate switch --continue "
			  "--target '%s'",
			  j->target);
}

static int read_journal(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;

	w->path = cmd_own_file(cmd, strrchr(SWITCH_JOURNAL, '/') + 1);
	if (journal_read(cmd->mem, w->path, &w->journal, &cmd->err) < 0)
		return -1;
	if (w->journal && w->dry_run) {
		error_set(&cmd->err, ERROR_REFUSED,
			  "a switch was cut off here");
		switching_hint_ways(w);
		return -1;
	}
	if (w->journal)
		return check_target(w) < 0 || finish_git(w) < 0 ? -1 : 0;
	if (w->go_on || w->abort)
		return error_set(&cmd->err, ERROR_FAILED,
				 "there is no switch that was cut off");
	return 0;
}

static int abort_it(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;

	w->y.with = "what was applied before";
	if (switching_read_before(w) < 0 || session_lock(&w->s) < 0 ||
	    switching_go_back(w) < 0)
		return -1;
	cmd_say(cmd, "git and '%s' are back where they were",
		cmd_target_name(cmd));
	return 0;
}

/* Its branch may be deleted meanwhile. */
static int aim_again(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;
	const struct journal *j = w->journal;

	if (aim(w, j->to_name, j->to_detached, &w->to) == 0)
		return 0;
	if (cmd->err.code == ERROR_NOT_FOUND && !j->to_detached &&
	    repo_has(cmd->repo, j->to_commit))
		error_hint(&cmd->err,
			   "to have it again, where it was: git branch '%s' "
			   "%.10s",
			   j->to_name, j->to_commit);
	return error_hint(&cmd->err, "to go back: git migrate switch --abort");
}

static int run(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;

	if (!cmd->repo->head)
		return error_set(&cmd->err, ERROR_FAILED,
				 "there is no commit yet to switch from");
	if (read_journal(w) < 0)
		return -1;
	if (w->abort)
		return abort_it(w);
	if (w->go_on ? aim_again(w) < 0
		     : aim(w, w->name, w->detach, &w->to) < 0)
		return -1;
	return forward(w);
}

static int run_alone(struct switching *w)
{
	int held = -1, result;

	if (session_open(&w->s, w->dry_run ? CMD_READ : CMD_CREATE) < 0)
		return -1;
	if (!w->s.cmd.repo->top)
		return error_set(&w->s.cmd.err, ERROR_FAILED,
				 "switch needs a work tree, and this "
				 "repository is bare");
	if (hold_lock(w, &held) < 0)
		return -1;
	result = run(w);
	release_lock(held);
	return result;
}

/* --- the command line ----------------------------------------------------- */

static const char *wrong_usage(const struct switching *w, int argc)
{
	if (w->go_on && w->abort)
		return "--continue and --abort exclude each other";
	if ((w->go_on || w->abort) && (argc || w->detach || w->dry_run))
		return "--continue and --abort take nothing else";
	if (!w->go_on && !w->abort && argc != 1)
		return argc ? "one branch at a time" : "which branch?";
	return NULL;
}

int cmd_switch(int argc, char **argv)
{
	struct switching w = { .s = SESSION_INIT };
	const struct option options[] = {
		{ OPTION_FLAG, 'd', "detach", NULL,
		  "check a commit out, not a branch", &w.detach },
		{ OPTION_FLAG, 0, "continue", NULL,
		  "complete a switch that was cut off", &w.go_on },
		{ OPTION_FLAG, 0, "abort", NULL,
		  "go back from a switch that was cut off", &w.abort },
		{ OPTION_FLAG, 'n', "dry-run", NULL,
		  "show what would be done, change nothing", &w.dry_run },
		CMD_TARGET(w.s.cmd),
		CMD_WAIT(w.s.cmd),
		SESSION_OPTIONS(w.s),
		CMD_JSON(w.s.cmd),
		CMD_COMMON(w.s.cmd),
		CMD_END,
	};
	const char *wrong;
	int status;

	w.y.s = &w.s;
	w.s.switches = true;
	w.s.command = consent_command(w.s.cmd.mem, "switch", argc, argv);
	w.s.go_on = w.s.command;
	if (options_parse(w.s.cmd.mem, options, usage, &argc, argv, &status) <
	    0)
		return cmd_done(&w.s.cmd, status);
	wrong = wrong_usage(&w, argc);
	if (wrong)
		return cmd_done(&w.s.cmd,
				options_usage(options, usage, "%s", wrong));
	w.name = argc ? argv[0] : NULL;
	return session_close(&w.s, run_alone(&w));
}
