#include "cmd/switching.h"

#include <string.h>
#include <unistd.h>

#include "cmd/consent.h"

/* --- git ------------------------------------------------------------------ */

int switching_open_again(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;

	return repo_open(cmd->mem, &cmd->repo, &cmd->err);
}

int switching_keep_journal(struct switching *w, enum heading heading)
{
	w->journal->heading = heading;
	return journal_write(w->journal, w->path, &w->s.cmd.err);
}

int switching_go(struct switching *w, const struct destination *to,
		 enum heading heading)
{
	struct cmd *cmd = &w->s.cmd;
	char *said;

	if (repo_is_at(cmd->repo, to))
		return 0;
	if (switching_keep_journal(w, heading) < 0)
		return -1;
	if (repo_switch(cmd->mem, cmd->repo, to, &said, &cmd->err) < 0) {
		/* Ctrl-C at a terminal is git's, too */
		if (cmd_is_interrupted()) {
			error_release(&cmd->err);
			error_set(&cmd->err, ERROR_INTERRUPTED, "interrupted");
		}
		return -1;
	}
	if (switching_open_again(w) < 0)
		return -1;
	if (*said)
		cmd_say(cmd, "%s", said);
	return switching_keep_journal(w, HEADING_NOWHERE);
}

/* The branch may be gone by now: then its commit. */
struct destination switching_branch_or(struct switching *w, const char *branch,
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

struct destination switching_origin(struct switching *w)
{
	return switching_branch_or(w, w->journal->from_branch,
				   w->journal->from_commit);
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
int switching_settings_of(struct switching *w, const char *commit)
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

int switching_read_before(struct switching *w)
{
	struct session *s = &w->s;

	s->commit = w->journal->from_commit;
	if (switching_settings_of(w, s->commit) < 0)
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
	if (switching_read_before(w) < 0 || syncing_prepare(&w->y) < 0)
		return -1;
	as_before(w);
	consent_mark(s, &w->y.plan.begun);
	consent_mark(s, &w->y.plan.downs);
	consent_mark(s, &w->y.plan.ups);
	return syncing_revert(&w->y) < 0 || syncing_apply(&w->y) < 0 ? -1 : 0;
}

/* What a git switch has written that ended among the files. */
static int mend_files(struct switching *w)
{
	struct cmd *cmd = &w->s.cmd;
	const struct journal *j = w->journal;
	const struct destination there = { j->to_commit, j->to_commit, NULL };

	if (j->heading != HEADING_TO ||
	    strcmp(cmd->repo->head, j->from_commit) != 0)
		return 0;
	return repo_undo_switch(cmd->repo, &there, w->alone, &cmd->err);
}

int switching_go_back(struct switching *w)
{
	struct destination from = switching_origin(w);

	if (mend_files(w) < 0)
		return -1;
	return switching_go(w, &from, HEADING_FROM) < 0 ||
			       restore_database(w) < 0 ||
			       journal_remove(w->path, &w->s.cmd.err) < 0
		       ? -1
		       : 0;
}

/* A database that is out of reach is gone back with later. */
bool switching_can_go_back(const struct switching *w)
{
	const struct cmd *cmd = &w->s.cmd;

	return w->begun && !cmd->db->lost && cmd->err.code != ERROR_CONNECTION;
}

void switching_hint_ways(struct switching *w)
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
void switching_undo(struct switching *w)
{
	struct session *s = &w->s;
	struct error why = s->cmd.err;
	bool lost = has_lost(w), there = has_failed_there(w);

	s->cmd.err = (struct error){ 0 };
	limits_end(&s->limits);
	cmd_forget_interruption();
	progress_end();
	if (switching_go_back(w) < 0) {
		cmd_print_error(&why);
		error_release(&why);
		error_prefix(&s->cmd.err, "unable to go back");
		if (s->runner.unfinished)
			error_hint(&s->cmd.err, "see to what stopped half way: "
						"git migrate repair");
		switching_hint_ways(w);
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
