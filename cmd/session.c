#include "cmd/session.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/would.h"
#include "core/base/text.h"

static void on_starting(const struct plan_item *item, void *data)
{
	struct session *s = data;
	char version[VERSION_LENGTH + 1];
	char *what = talloc_asprintf(
		NULL, "%s %s_%s",
		item->direction == DIRECTION_UP ? "applying" : "reverting",
		version_format(item->version, version), item->name);

	progress_begin(&s->cmd, what);
	talloc_free(what);
}

static void on_batched(const struct batch_report *report, void *data)
{
	(void)data;
	progress_batch(report);
}

static void on_finished(const struct plan_item *item, const struct facts *facts,
			void *data)
{
	struct session *s = data;

	(void)item;
	progress_end();
	if (s->cmd.json || s->cmd.quiet || !facts)
		return;
	if (facts->ok)
		show_run(&s->cmd, facts);
	else
		show_failed_run(&s->cmd, facts);
}

static int read_batch_limits(struct session *s, struct batch_limits *limits)
{
	const struct batch_limits usual = BATCH_LIMITS_DEFAULT;
	struct cmd *cmd = &s->cmd;
	int64_t waiting;

	if (config_duration(cmd->config, "migrate.batchtarget", usual.target_ms,
			    &limits->target_ms, &cmd->err) < 0 ||
	    config_duration(cmd->config, "migrate.maxreplicalag",
			    usual.max_lag_ms, &limits->max_lag_ms,
			    &cmd->err) < 0 ||
	    config_int(cmd->config, "migrate.maxwaiting", usual.max_waiting,
		       &waiting, &cmd->err) < 0)
		return -1;
	limits->max_waiting = waiting > INT_MAX ? INT_MAX : (int)waiting;
	return 0;
}

/* What an option does not say the configuration does. */
static int configured(struct session *s, const char *key, int fallback, int *ms)
{
	struct cmd *cmd = &s->cmd;

	return *ms >= 0 ? 0
			: config_duration(cmd->config, key, fallback, ms,
					  &cmd->err);
}

static int set_limits(struct session *s, int64_t since_us)
{
	struct db *db = s->cmd.db;

	if (configured(s, "migrate.locktimeout", LOCK_TIMEOUT_MS,
		       &s->lock_timeout_ms) < 0 ||
	    configured(s, "migrate.lockwait", LOCK_WAIT_MS, &s->lock_wait_ms) <
		    0 ||
	    configured(s, "migrate.statementtimeout", 0, &s->statement_ms) < 0)
		return -1;
	limits_begin(&s->limits, db, s->abort_ms, s->statement_ms, since_us);
	/* 0 would be for ever */
	db->wait_limit_ms = s->lock_wait_ms ? s->lock_wait_ms : 1;
	s->runner.lock_timeout_ms = s->lock_timeout_ms;
	s->runner.lock_wait_ms = s->lock_wait_ms;
	s->runner.limits = &s->limits;
	return read_batch_limits(s, &s->runner.batch);
}

int session_at(struct session *s, const char *revision)
{
	struct cmd *cmd = &s->cmd;
	char *commit;

	if (repo_resolve(cmd->mem, cmd->repo, revision, &commit, &cmd->err) < 0)
		return -1;
	s->commit = commit;
	return repo_set_commit(cmd->mem, cmd->repo, commit, cmd->dir, &s->here,
			       &cmd->err);
}

int session_open_at(struct session *s, const char *revision,
		    enum cmd_access access)
{
	int64_t since = clock_mono_us();

	cmd_catch_signals();
	s->cmd.looks = !revision;
	if (cmd_open_repo(&s->cmd) < 0)
		return -1;
	if (!s->switches)
		cmd_warn_cut_off(&s->cmd);
	if ((revision ? session_at(s, revision) : cmd_begin_here(&s->cmd)) <
		    0 ||
	    cmd_open_target(&s->cmd, access) < 0)
		return -1;
	s->health.folder = s->cmd.repo->top;
	s->runner = (struct runner){
		.db = s->cmd.db,
		.count_limit = s->cmd.db->options.count_limit,
		.replica_urls = s->cmd.target.replica_urls,
		.tool = GIT_MIGRATE_VERSION,
		.record = true,
		.read = cmd_read_blob,
		.expect = cmd_expect_blob,
		.read_data = &s->cmd,
		.starting = on_starting,
		.finished = on_finished,
		.batched = on_batched,
		.report_data = s,
	};
	return set_limits(s, since);
}

int session_open(struct session *s, enum cmd_access access)
{
	return session_open_at(s, NULL, access);
}

int session_read(struct session *s)
{
	struct cmd *cmd = &s->cmd;

	if (cmd_ledger(cmd, &s->ledger) < 0)
		return -1;
	if (!s->here)
		return cmd_states(cmd, true, s->ledger, &s->here, &s->states);
	s->states = states_join(cmd->mem, s->here, s->ledger);
	return 0;
}

int session_lock(struct session *s)
{
	struct cmd *cmd = &s->cmd;

	/* a name may have bytes that no database takes for text */
	s->runner.identity = text_visible(
		cmd->mem, repo_identity(cmd->mem, cmd->repo), false);
	if (s->no_lock)
		cmd_warning("nothing keeps other runs on '%s' out: --no-lock",
			    cmd_target_name(cmd));
	else if (cmd->db->engine->lock(cmd->db, &cmd->err) < 0)
		return -1;
	s->locked = !s->no_lock;
	s->runner.alone = s->locked && db_can(cmd->db, DB_SESSION_LOCK);
	if (!s->ledger->exists && ledger_create(cmd->db, &cmd->err) < 0)
		return -1;
	return session_read(s);
}

/* The commit whose history brought what is here. */
static const char *session_tip(const struct session *s)
{
	return s->commit ? s->commit : s->cmd.repo->head;
}

/* The branch that it was applied from: what is checked out. */
static const char *branch_of(const struct session *s)
{
	const struct repo *repo = s->cmd.repo;

	if (!repo->branch ||
	    (s->commit && (!repo->head || strcmp(s->commit, repo->head) != 0)))
		return NULL;
	return text_visible(s->cmd.mem, repo->branch, false);
}

int session_begin_origins(struct session *s, const struct plan *plan)
{
	struct cmd *cmd = &s->cmd;
	const struct migration **list = talloc_array(
		cmd->mem, const struct migration *, (unsigned)plan->count + 1);
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (!(plan->items[i].entry->flags & FLAG_UNCOMMITTED))
			list[count++] = plan->items[i].entry->here;
	if (!count || !session_tip(s))
		return 0;
	return origins_begin(cmd->mem, cmd->repo, session_tip(s), cmd->dir,
			     list, count, &s->search, &cmd->err);
}

static void take_origin(struct plan_item *item, const struct origin *origin)
{
	const struct half *half = item->entry->here->half;

	if (item->entry->flags & FLAG_UNCOMMITTED) {
		item->source = (half[0].flags | half[1].flags) & HALF_NEW
				       ? "uncommitted"
				       : "modified";
		return;
	}
	item->commit = origin ? origin->commit : NULL;
	item->source = !item->commit	 ? "uncommitted"
		       : origin->inexact ? "inexact"
					 : "commit";
}

/* A `hold` may have ended the plan since. */
int session_end_origins(struct session *s, struct plan *plan)
{
	struct cmd *cmd = &s->cmd;
	struct origin *origins = NULL;
	const char *branch = branch_of(s);
	struct search *search = s->search;
	size_t k = 0;

	s->search = NULL;
	if (search && origins_end(cmd->mem, search, &origins, &cmd->err) < 0)
		return -1;
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];

		item->branch = branch;
		take_origin(item, origins ? &origins[k] : NULL);
		k += !(item->entry->flags & FLAG_UNCOMMITTED);
	}
	return 0;
}

/* Whether the script that will run is the one of a commit. */
static bool is_committed(const struct plan_item *item)
{
	const struct half *down = &item->entry->here->half[DIRECTION_DOWN];

	return item->direction == DIRECTION_UP ? item->commit != NULL
					       : !down->flags;
}

int session_check_committed(struct session *s, const struct plan *plan)
{
	struct cmd *cmd = &s->cmd;
	char version[VERSION_LENGTH + 1];

	if (!cmd->target.protected_)
		return 0;
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];
		const struct half *half = item->entry->here->half;
		unsigned flags = half[0].flags | half[1].flags;

		if (is_committed(item))
			continue;
		version_format(item->version, version);
		error_set(&cmd->err, ERROR_REFUSED,
			  "target '%s' is protected, and migration '%s_%s' is "
			  "%s",
			  cmd_target_name(cmd), version, item->name,
			  !flags || flags & HALF_NEW ? "not committed"
						     : "modified since its "
						       "commit");
		error_at(&cmd->err, item->path, 0, 0);
		return error_hint(
			&cmd->err, "commit it: git add '%s' '%s' && git commit",
			half[DIRECTION_UP].path ? half[DIRECTION_UP].path
						: item->path,
			half[DIRECTION_DOWN].path);
	}
	return 0;
}

void session_add_run(struct session *s, struct facts *facts)
{
	s->runs = talloc_realloc(s->cmd.mem, s->runs, struct facts *,
				 (unsigned)s->run_count + 1);
	s->runs[s->run_count++] = facts;
}

/* What was recorded stays as it is, however the file is mended. */
static void explain_down(struct session *s, const struct plan_item *item)
{
	if (item->direction == DIRECTION_DOWN && s->cmd.err.code == ERROR_SQL &&
	    !s->cmd.err.denied && !s->runner.unfinished)
		error_hint(&s->cmd.err,
			   "to revert it with a mended down script: git "
			   "migrate down --from-file");
}

/* What was recorded is reverted with what is here, and all that is newer. */
static void explain_unreadable_down(struct session *s,
				    const struct plan_item *item)
{
	size_t count = 0;

	for (size_t i = 0; i < s->ledger->count; i++)
		count += s->ledger->rows[i].version >= item->version;
	error_hint(&s->cmd.err,
		   "nothing is reverted; to revert it with a mended down "
		   "script: git migrate down --from-file%s",
		   count > 1 ? talloc_asprintf(s->cmd.mem, " -n %zu", count)
			     : "");
}

int session_check_syntax(struct session *s, const struct plan *downs,
			 const struct plan *ups)
{
	struct error *err = &s->cmd.err;

	for (size_t i = 0; i < downs->count; i++)
		if (runner_check_syntax(&s->runner, &downs->items[i], err) <
		    0) {
			explain_unreadable_down(s, &downs->items[i]);
			return -1;
		}
	for (size_t i = 0; i < ups->count; i++)
		if (runner_check_syntax(&s->runner, &ups->items[i], err) < 0)
			return error_hint(err,
					  "nothing is reverted; mend the "
					  "script, then: %s",
					  s->go_on ? s->go_on : s->command);
	return 0;
}

static int check_health(struct session *s, const struct plan_item *item)
{
	struct cmd *cmd = &s->cmd;
	char version[VERSION_LENGTH + 1];
	int result;

	if (!s->health.check || item->direction == DIRECTION_DOWN)
		return 0;
	progress_begin(cmd, "checking");
	result = health_check(&s->health,
			      version_format(item->version, version),
			      item->name, &cmd->err);
	progress_end();
	return result;
}

/*
 * A branch may be deleted, rebased or squashed away after that: its commits
 * stay for as long as the ledger may name them.
 */
static void keep_commits(struct session *s, const struct plan *plan)
{
	struct cmd *cmd = &s->cmd;
	struct error late = { 0 };
	bool any = false;

	for (size_t i = 0; i < plan->count; i++)
		any |= plan->items[i].commit != NULL;
	if (!any || !session_tip(s))
		return;
	if (repo_keep_commit(cmd->repo, cmd_target_name(cmd), session_tip(s),
			     &late) < 0)
		cmd_warning("%s", late.message);
	error_release(&late);
}

/* What is being carried out already is waited for in any case. */
static bool may_go_on(struct session *s, const struct plan_item *item)
{
	struct cmd *cmd = &s->cmd;

	if (runner_has_sent(&s->runner, item))
		return true;
	if (!cmd_is_interrupted())
		return limits_check(&s->limits, &cmd->err) == 0;
	error_set(&cmd->err, ERROR_INTERRUPTED, "interrupted");
	return false;
}

/* Nothing is begun before it is known that all is well. */
static const struct plan_item *next_of(const struct session *s,
				       const struct plan *plan, size_t i)
{
	return i + 1 < plan->count && !s->health.check &&
			       !cmd_is_interrupted() &&
			       !limits_are_over(&s->limits)
		       ? &plan->items[i + 1]
		       : NULL;
}

static int run_items(struct session *s, const struct plan *plan)
{
	struct cmd *cmd = &s->cmd;

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];
		struct facts *facts;
		int result;

		if (!may_go_on(s, item)) {
			s->left = plan->count - i;
			return -1;
		}
		s->runner.next = next_of(s, plan, i);
		cmd_at_stake(true);
		result = runner_run(cmd->mem, &s->runner, item, &facts,
				    &cmd->err);
		cmd_at_stake(false);
		if (facts)
			session_add_run(s, facts);
		else if (result == 0)
			s->skipped++;
		if (result < 0) {
			bool done = facts && facts->ok;

			explain_down(s, item);
			s->done += done;
			s->left = plan->count - i - done - s->runner.beyond;
			return -1;
		}
		s->done++;
		if (facts && check_health(s, item) < 0) {
			s->left = plan->count - i;
			return -1;
		}
	}
	return 0;
}

static bool is_lost(const struct session *s)
{
	return s->cmd.err.code == ERROR_CONNECTION ||
	       (s->cmd.db && s->cmd.db->lost);
}

/* What was not begun is not unfinished either. */
static void let_go(struct session *s)
{
	struct error late = { 0 };

	if (is_lost(s) || runner_let_go(&s->runner, NULL, &late) == 0)
		return;
	cmd_warning("%s", late.message);
	error_release(&late);
}

int session_run(struct session *s, const struct plan *plan)
{
	int result;

	keep_commits(s, plan);
	result = run_items(s, plan);
	let_go(s);
	return result;
}

static const char *go_on(const struct session *s, const struct facts *last)
{
	return s->go_on				   ? s->go_on
	       : last->direction == DIRECTION_DOWN ? "git migrate down"
						   : "git migrate up";
}

/* It was committed, and the connection lost: those after it are not begun. */
static void explain_loss(struct session *s, const struct facts *last)
{
	if (s->left)
		error_hint(&s->cmd.err,
			   "%zu after it not started; to go on: %s", s->left,
			   go_on(s, last));
}

int session_dry_run(struct session *s, const struct plan *plan)
{
	struct cmd *cmd = &s->cmd;

	if (cmd->json && !s->would)
		s->would = json_array();
	for (size_t i = 0; i < plan->count; i++) {
		if (!cmd->json) {
			if (would_show(cmd, &plan->items[i]) < 0)
				return -1;
		} else if (json_array_append_new(
				   s->would, would_json(cmd, &plan->items[i])) <
			   0) {
			return -1;
		}
	}
	return 0;
}

static void print_answer(struct session *s)
{
	json_t *json = runs_json(s->runs, s->run_count);

	if (s->would)
		json_object_set(json, "would", s->would);
	if (s->answer)
		json_object_update(json, s->answer);
	cmd_print_json(json);
}

static void explain_failure(struct session *s)
{
	struct cmd *cmd = &s->cmd;
	const struct facts *last = s->run_count ? s->runs[s->run_count - 1]
						: NULL;

	if (!last || s->rolled_back)
		return;
	if (last->ok) {
		if (is_lost(s))
			explain_loss(s, last);
		return;
	}
	if (s->runner.undone)
		error_hint(&cmd->err, "nothing of it is left in the database");
	if (s->done && s->left > 1)
		error_hint(&cmd->err,
			   "%zu done and committed before it, %zu "
			   "after it not started",
			   s->done, s->left - 1);
	else if (s->done)
		error_hint(&cmd->err, "%zu done and committed before it",
			   s->done);
	else if (s->left > 1)
		error_hint(&cmd->err, "%zu after it not started", s->left - 1);
	if (is_lost(s) && !s->runner.undone)
		error_hint(&cmd->err, "see what the database has: "
				      "git migrate status");
	else if (cmd->err.denied && cmd->err.code == ERROR_SQL &&
		 !s->runner.unfinished)
		error_hint(&cmd->err,
			   "let this role do that, or connect as another one, "
			   "then: %s",
			   go_on(s, last));
	else if (last->direction == DIRECTION_UP &&
		 cmd->err.code == ERROR_SQL && !s->runner.unfinished)
		error_hint(&cmd->err, "mend the script, then: %s",
			   go_on(s, last));
}

/* Hooks are to know what the runs have changed. */
static void note_runs(struct session *s)
{
	struct error kept = s->cmd.err;
	struct ledger *ledger;

	if (!s->run_count || !s->cmd.db || is_lost(s))
		return;
	s->cmd.err = (struct error){ 0 };
	cmd_ledger(&s->cmd, &ledger);
	error_release(&s->cmd.err);
	s->cmd.err = kept;
}

int session_close(struct session *s, int result)
{
	struct cmd *cmd = &s->cmd;
	struct error late = { 0 };

	progress_end();
	if (result < 0) {
		limits_explain(&s->limits, &cmd->err);
		explain_failure(s);
	}
	/* whoever has been waited for in vain is not waited for once more */
	if (result < 0 && cmd->err.code == ERROR_BUSY && s->runner.db)
		s->runner.db->options.wait_ms = 0;
	if (s->runner.db && !is_lost(s) &&
	    runner_finish(&s->runner, &late) < 0) {
		cmd_warning("unable to complete the records of the runs: %s",
			    late.message);
		error_release(&late);
	}
	runner_release(&s->runner);
	note_runs(s);
	if (s->locked && !is_lost(s) &&
	    cmd->db->engine->unlock(cmd->db, &late) < 0) {
		cmd_warning("%s", late.message);
		error_release(&late);
	}
	if (cmd->json && cmd->repo && !s->answered &&
	    (result == 0 || s->run_count || s->would))
		print_answer(s);
	json_decref(s->would);
	json_decref(s->answer);
	return result < 0 ? cmd_fail(cmd) : cmd_done(cmd, 0);
}
