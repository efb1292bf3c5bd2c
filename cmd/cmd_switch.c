#include "cmd/consent.h"
#include "cmd/syncing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/journal.h"

static const char *const usage[] = {
	"git migrate switch (BRANCH | --detach COMMIT) [--dry-run]",
	"git migrate switch (--continue | --abort)",
	NULL,
};

/*
 * The journal is there from before anything is changed until all is done. What
 * is left of a switch that was cut off is told by git and by the ledger, so
 * that going on is planning again, and going back is a sync to what was applied
 * before.
 */
struct switching {
	struct session s;
	struct syncing y;
	const char *name;
	bool detach, go_on, abort, dry_run;

	const char *path;	 /* of the journal */
	struct journal *journal; /* NULL: nothing was cut off */
	struct destination to;
	bool begun;
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
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
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

static int open_again(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;

	return repo_open(cmd->mem, &cmd->repo, &cmd->err);
}

static int keep_journal(struct switching *w, enum heading heading)
{
	w->journal->heading = heading;
	return journal_write(w->journal, w->path, &w->s.cmd.err);
}

static int go(struct switching *w, const struct destination *to,
	      enum heading heading)
{
	struct cmd *cmd = &w->s.cmd;
	char *said;

	if (repo_is_at(cmd->repo, to))
		return 0;
	if (keep_journal(w, heading) < 0)
		return -1;
	if (repo_switch(cmd->mem, cmd->repo, to, &said, &cmd->err) < 0) {
		/* Ctrl-C at a terminal is git's, too */
		if (cmd_is_interrupted()) {
			error_release(&cmd->err);
			error_set(&cmd->err, ERROR_INTERRUPTED, "interrupted");
		}
		return -1;
	}
	if (open_again(w) < 0)
		return -1;
	if (*said)
		cmd_say(cmd, "%s", said);
	return keep_journal(w, HEADING_NOWHERE);
}

/* The branch may be gone by now: then its commit. */
static struct destination branch_or(struct switching *w, const char *branch,
				    const char *commit)
{
	struct cmd *cmd = &w->s.cmd;
	struct error ignored = { 0 };
	struct destination to;

	if (!branch || repo_destination(cmd->mem, cmd->repo, branch, false, &to,
					&ignored) < 0)
		to = (struct destination){ commit, commit, NULL };
	error_release(&ignored);
	return to;
}

static struct destination origin(struct switching *w)
{
	return branch_or(w, w->journal->from_branch, w->journal->from_commit);
}

static int aim(struct switching *w, const char *name, bool detach,
	       struct destination *to)
{
	struct cmd *cmd = &w->s.cmd;

	return repo_destination(cmd->mem, cmd->repo, name, detach, to,
				&cmd->err);
}

static int64_t journal_time(const struct switching *w)
{
	struct stat st;

	if (stat(w->path, &st) < 0)
		return INT64_MAX;
	return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

/* A git switch that was killed is brought to its end first. */
static int finish_git(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;
	struct journal *j = w->journal;
	struct destination heading =
		j->heading == HEADING_FROM
			? origin(w)
			: branch_or(w, j->to_detached ? NULL : j->to_name,
				    j->to_commit);

	/* whoever has gone on from there since knows where to */
	if (j->heading == HEADING_NOWHERE ||
	    (strcmp(cmd->repo->head, j->from_commit) != 0 &&
	     strcmp(cmd->repo->head, j->to_commit) != 0))
		return 0;
	if (repo_mend_switch(cmd->repo, heading.commit, heading.branch,
			     journal_time(w), &cmd->err) < 0 ||
	    open_again(w) < 0)
		return -1;
	return go(w, &heading, j->heading);
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
	return keep_journal(w, HEADING_NOWHERE);
}

/* --- the settings of each end --------------------------------------------- */

/* Whether the settings of the other end send the target somewhere else. Where
   they name no database for it, it stays this one. */
static bool is_elsewhere(struct switching *w, const struct config *config,
			 struct target *there)
{
	struct cmd *cmd = &w->s.cmd;
	struct error ignored = { 0 };
	bool known = config_target(cmd->mem, config, cmd->target_option, there,
				   &ignored) == 0;

	error_release(&ignored);
	return known && there->name &&
	       config_get(config,
			  talloc_asprintf(cmd->mem, "migrate-target.%s.url",
					  there->name)) &&
	       strcmp(there->url, cmd->target.url) != 0 &&
	       !db_same_place(there->url, cmd->target.url, cmd->repo->top);
}

static int refuse_elsewhere(struct switching *w, const char *name)
{
	struct cmd *cmd = &w->s.cmd;

	error_set(&cmd->err, ERROR_REFUSED,
		  "'%s' has another database for its target '%s' in "
		  ".gitmigrate than what is checked out has for '%s'",
		  w->to.name, name, cmd_target_name(cmd));
	error_hint(&cmd->err,
		   "to leave this one as it is, and bring that one to the "
		   "branch: git switch %s%s && git migrate sync",
		   w->to.branch ? "" : "--detach ", w->to.name);
	return error_hint(&cmd->err,
			  "to take this one along: name it with --target URL");
}

/* The folder may have another name there. */
static int take_settings_of(struct switching *w, const char *commit)
{
	struct cmd *cmd = &w->s.cmd;
	struct config *config;
	struct target there;

	if (cmd_config_at(cmd, commit, &config, &cmd->dir) < 0)
		return -1;
	if (w->to.commit && !strcmp(commit, w->to.commit) && !w->journal &&
	    is_elsewhere(w, config, &there))
		return refuse_elsewhere(w, there.name);
	return 0;
}

/* --- going back ----------------------------------------------------------- */

/* What was recorded of them before. */
static void as_before(struct switching *w)
{
	const struct journal *j = w->journal;
	struct plan *ups = &w->y.plan.ups;

	for (size_t i = 0; i < ups->count; i++)
		for (size_t k = 0; k < j->row_count; k++)
			if (j->rows[k].version == ups->items[i].version &&
			    j->rows[k].commit) {
				ups->items[i].commit = j->rows[k].commit;
				ups->items[i].source = "commit";
			}
}

static int read_before(struct switching *w)
{
	struct session *s = &w->s;

	s->commit = w->journal->from_commit;
	if (take_settings_of(w, s->commit) < 0)
		return -1;
	s->here = journal_set(s->cmd.mem, w->journal, s->cmd.dir);
	return session_read(s);
}

static int restore_database(struct switching *w)
{
	struct session *s = &w->s;

	w->y.release_all = true;
	w->y.finish = true;
	w->y.branch = w->journal->from_branch;
	if (read_before(w) < 0 || syncing_prepare(&w->y) < 0)
		return -1;
	as_before(w);
	consent_mark(s, &w->y.plan.begun);
	consent_mark(s, &w->y.plan.downs);
	consent_mark(s, &w->y.plan.ups);
	return syncing_revert(&w->y) < 0 || syncing_apply(&w->y) < 0 ? -1 : 0;
}

/* What a git switch has written that ended among the files. Its locks it takes
   away itself; one that is there is somebody else's. */
static int mend_files(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;
	const struct journal *j = w->journal;

	if (j->heading != HEADING_TO ||
	    strcmp(cmd->repo->head, j->from_commit) != 0)
		return 0;
	return repo_mend_switch(cmd->repo, j->to_commit, NULL, INT64_MAX,
				&cmd->err);
}

static int go_back(struct switching *w)
{
	struct destination from = origin(w);

	if (mend_files(w) < 0)
		return -1;
	return go(w, &from, HEADING_FROM) < 0 || restore_database(w) < 0 ||
			       journal_remove(w->path, &w->s.cmd.err) < 0
		       ? -1
		       : 0;
}

/* A database that is out of reach is gone back with later. */
static bool can_go_back(const struct switching *w)
{
	const struct cmd *cmd = &w->s.cmd;

	return w->begun && !cmd->db->lost && cmd->err.code != ERROR_CONNECTION;
}

static void hint_ways(struct switching *w)
{
	struct error *err = &w->s.cmd.err;

	error_hint(err, "to try again: git migrate switch --continue");
	error_hint(err, "to go back: git migrate switch --abort");
}

/* Whether a script has run to its end, or at least in part, that destroys rows:
   what was to be lost is lost then. */
static bool has_lost(const struct switching *w)
{
	const struct session *s = &w->s;

	for (size_t i = 0; i < s->run_count; i++) {
		const struct facts *run = s->runs[i];

		if (!run->ok && !run->unknown && !s->runner.unfinished)
			continue;
		for (size_t k = 0; k < w->y.losses.loss_count; k++)
			if (w->y.losses.losses[k].version == run->version)
				return true;
	}
	return false;
}

/* What failed was one of that branch; the down scripts are the ledger's. */
static bool has_failed_there(const struct switching *w)
{
	const struct session *s = &w->s;

	return s->cmd.err.file && s->run_count &&
	       s->runs[s->run_count - 1]->direction == DIRECTION_UP &&
	       !s->runs[s->run_count - 1]->ok;
}

/* A script that came with the branch went with it. */
static void hint_script(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;
	const char *file = cmd->err.file;

	if (access(talloc_asprintf(cmd->mem, "%s/%s", cmd->repo->top, file),
		   F_OK) == 0)
		return;
	if (w->to.branch)
		error_hint(&cmd->err, "see the script: git show '%s:%s'",
			   w->to.branch, file);
	else
		error_hint(&cmd->err, "see the script: git show '%.10s:%s'",
			   w->to.commit, file);
}

/* The error stays that of the failure, unless this fails, too. */
static void undo(struct switching *w)
{
	struct session *s = &w->s;
	struct error why = s->cmd.err;
	bool lost = has_lost(w), there = has_failed_there(w);

	s->cmd.err = (struct error){ 0 };
	limits_end(&s->limits);
	cmd_forget_interruption();
	progress_end();
	if (go_back(w) < 0) {
		cmd_print_error(&why);
		error_release(&why);
		error_prefix(&s->cmd.err, "unable to go back");
		if (s->runner.unfinished)
			error_hint(&s->cmd.err, "see to what stopped half way: "
						"git migrate repair");
		hint_ways(w);
		return;
	}
	s->cmd.err = why;
	s->rolled_back = true;
	error_hint(&s->cmd.err, "git and '%s' are back where they were%s",
		   cmd_target_name(&s->cmd),
		   lost ? ", without the rows that the down scripts destroyed"
			: "");
	if (there)
		hint_script(w);
}

/* --- going there ---------------------------------------------------------- */

static int prepare(struct switching *w)
{
	struct session *s = &w->s;
	struct cmd *cmd = &s->cmd;

	w->y.finish = w->journal != NULL;
	if (take_settings_of(w, w->to.commit) < 0 ||
	    session_at(s, w->to.commit) < 0 || session_read(s) < 0)
		return -1;
	w->y.branch = w->to.branch ? text_visible(cmd->mem, w->to.branch, false)
				   : NULL;
	w->y.with = w->to.branch ? talloc_asprintf(cmd->mem, "branch '%s'",
						   w->to.branch)
				 : talloc_asprintf(cmd->mem, "commit %.10s",
						   w->to.commit);
	if (syncing_prepare(&w->y) < 0)
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
	if (syncing_revert(&w->y) < 0 || go(w, &w->to, HEADING_TO) < 0)
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
	if (can_go_back(w))
		undo(w);
	else if (w->begun)
		hint_ways(w);
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
		hint_ways(w);
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
	if (read_before(w) < 0 || session_lock(&w->s) < 0 || go_back(w) < 0)
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
