#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "cmd/table.h"
#include "core/base/text.h"
#include "git/misnamed.h"

static const char *const usage[] = {
	"git migrate status [--all] [--exit-code] [--at COMMIT] [--json]",
	NULL,
};

struct status {
	struct cmd cmd;
	bool exit_code, all;
	const char *at;
	const char *head; /* the commit that is looked at */
	struct set *here;
	struct ledger *ledger;
	struct states *states;
	struct db_holder run; /* that is at work on what is unfinished */
};

/* The commit to look at instead of the work tree. */
static int load_commit(struct status *s)
{
	struct cmd *cmd = &s->cmd;
	char *commit;

	if (repo_resolve(cmd->mem, cmd->repo, s->at, &commit, &cmd->err) < 0)
		return -1;
	s->head = commit;
	return repo_set_commit(cmd->mem, cmd->repo, commit, cmd->dir, &s->here,
			       &cmd->err);
}

static int find_run(struct status *s)
{
	struct cmd *cmd = &s->cmd;
	bool unfinished = false;

	for (size_t i = 0; i < s->states->count; i++)
		unfinished |= s->states->list[i].state == STATE_UNFINISHED;
	if (!unfinished || !cmd->db->engine->holder)
		return 0;
	return cmd->db->engine->holder(cmd->mem, cmd->db, &s->run, &cmd->err);
}

static int load(struct status *s)
{
	struct cmd *cmd = &s->cmd;

	cmd->looks = !s->at;
	cmd->lenient = true;
	if (cmd_open_repo(cmd) < 0)
		return -1;
	cmd_warn_cut_off(cmd);
	s->head = cmd->repo->head;
	if ((s->at ? load_commit(s) : cmd_begin_here(cmd)) < 0 ||
	    cmd_open_target(cmd, CMD_READ) < 0 ||
	    cmd_ledger(cmd, &s->ledger) < 0)
		return -1;
	if (s->at)
		s->states = states_join(cmd->mem, s->here, s->ledger);
	else if (cmd_states(cmd, false, s->ledger, &s->here, &s->states) < 0)
		return -1;
	return find_run(s);
}

/* Applied ones have their commit in the ledger; for pending ones git knows. */
static int find_commits(struct status *s)
{
	struct cmd *cmd = &s->cmd;
	const struct migration **list = talloc_array(
		cmd->mem, const struct migration *, (unsigned)s->states->count);
	struct origin *origins;
	size_t count = 0, k = 0;

	for (size_t i = 0; i < s->states->count; i++) {
		struct state_entry *e = &s->states->list[i];

		if (e->row)
			e->commit = e->row->commit;
		else if (!(e->flags & (FLAG_UNCOMMITTED | FLAG_HALF)))
			list[count++] = e->here;
	}
	if (!count || !s->head)
		return 0;
	if (repo_origins(cmd->mem, cmd->repo, s->head, cmd->dir, list, count,
			 &origins, &cmd->err) < 0)
		return -1;
	for (size_t i = 0; i < s->states->count; i++) {
		struct state_entry *e = &s->states->list[i];

		if (!e->row && !(e->flags & (FLAG_UNCOMMITTED | FLAG_HALF)))
			e->commit = origins[k++].commit;
	}
	return 0;
}

static void judge_proof(struct status *s, const struct proofs *proofs,
			struct state_entry *e, const char *history)
{
	struct cmd *cmd = &s->cmd;
	const struct proof *best;

	e->proof = proofs_judge(proofs, e->here, history, cmd->db->engine->name,
				cmd->db->major, &best);
	if (e->proof != PROOF_STALE)
		return;
	e->stale = talloc_array(cmd->mem, const char *, PROOF_CHANGES);
	e->stale_count = proof_changes(cmd->mem, best, e->here, history,
				       cmd->db->engine->name, cmd->db->major,
				       e->stale);
}

static int find_proofs(struct status *s)
{
	struct cmd *cmd = &s->cmd;
	struct proofs *proofs;
	const char **histories;

	if (cmd_proofs(cmd, &proofs) < 0)
		return -1;
	if (proofs_are_empty(proofs))
		return 0;
	histories = proof_histories(cmd->mem, s->here);
	for (size_t i = 0; i < s->states->count; i++) {
		struct state_entry *e = &s->states->list[i];

		if (e->here)
			judge_proof(s, proofs, e,
				    histories[e->here - s->here->list]);
	}
	return 0;
}

static json_t *stale_json(const struct state_entry *e)
{
	json_t *list = json_array();

	for (int i = 0; i < e->stale_count; i++)
		json_array_append_new(list, json_string(e->stale[i]));
	return list;
}

static json_t *text_json(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *entry_json(const struct state_entry *e)
{
	char version[VERSION_LENGTH + 1];
	const char *names[FLAG_COUNT];
	int n = flag_names(e->flags, names);
	json_t *flags = json_array();
	const struct ledger_row none = { 0 }, *row = e->row ? e->row : &none;
	const struct half *half = e->here ? e->here->half : NULL;
	json_t *json;

	for (int i = 0; i < n; i++)
		json_array_append_new(flags, json_string(names[i]));
	json = json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "version",
		version_format(e->version, version), "name", e->name, "state",
		state_name(e->state), "flags", flags, "commit",
		text_json(e->commit), "applied_at", text_json(row->applied_at),
		"applied_by", text_json(row->applied_by), "up_blob",
		text_json(half ? half[0].blob : row->up_blob), "down_blob",
		text_json(half ? half[1].blob : row->down_blob), "proof",
		proof_state_name(e->proof));
	json_object_set_new(json, "proof_stale", stale_json(e));
	if (e->state == STATE_UNFINISHED) {
		json_object_set_new(json, "statements_done",
				    json_integer(row->done));
		json_object_set_new(json, "statements_total",
				    json_integer(row->total));
	}
	return json;
}

static void print_json(const struct status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->states->count; i++)
		json_array_append_new(list, entry_json(&s->states->list[i]));
	cmd_print_json(json_pack(
		"{s:s, s:s, s:o, s:o, s:o}", "target", cmd_target_name(&s->cmd),
		"engine", s->cmd.db->engine->name, "head", text_json(s->head),
		"run", text_json(s->run.text), "migrations", list));
}

static char *state_text(TALLOC_CTX *mem, const struct state_entry *e)
{
	if (e->state == STATE_UNFINISHED)
		return talloc_asprintf(mem, "unfinished, %d of %d",
				       e->row->done, e->row->total);
	return talloc_strdup(mem, state_name(e->state));
}

/* Flags that the state does not already say. */
static char *flags_text(TALLOC_CTX *mem, const struct state_entry *e)
{
	const char *names[FLAG_COUNT];
	int n = flag_names(e->flags, names);
	char *text = talloc_strdup(mem, "");

	for (int i = 0; i < n; i++)
		if (strcmp(names[i], state_name(e->state)) != 0)
			text = talloc_asprintf_append(
				text, "%s%s", *text ? " " : "", names[i]);
	return text;
}

static const char *state_color(const struct cmd *cmd, enum migration_state s)
{
	switch (s) {
	case STATE_APPLIED:
		return color(cmd, "green");
	case STATE_PENDING:
	case STATE_UNCOMMITTED:
		return color(cmd, "yellow");
	default:
		return color(cmd, "red");
	}
}

/* Of those that are simply applied, people want to see the last ones. */
#define SHOWN_APPLIED 20

static size_t count_plain(const struct status *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->states->count; i++)
		n += s->states->list[i].state == STATE_APPLIED;
	return n;
}

static void add_line(const struct status *s, TALLOC_CTX *mem,
		     struct table *table, const struct state_entry *e)
{
	char version[VERSION_LENGTH + 1];
	char *flags = flags_text(mem, e);
	const char *cells[] = {
		version_format(e->version, version),
		state_text(mem, e),
		proof_state_name(e->proof),
		e->commit ? talloc_strndup(mem, e->commit, 10) : "-",
		e->row ? talloc_strndup(mem, e->row->applied_at, 19) : "-",
		*flags ? talloc_asprintf(mem, "%s  (%s)", e->name, flags)
		       : e->name,
	};

	table_row(table, cells, state_color(&s->cmd, e->state));
}

static void print_table(const struct status *s)
{
	static const char *const headings[] = { "VERSION", "STATE",   "PROOF",
						"COMMIT",  "APPLIED", "NAME" };
	size_t plain = count_plain(s), hidden = 0;
	TALLOC_CTX *mem;
	struct table *table;

	if (!s->states->count) {
		cmd_say(&s->cmd, "no migrations in '%s' and none applied",
			s->cmd.dir);
		return;
	}
	mem = talloc_new(NULL);
	table = table_new(headings, 6);
	if (!s->all && plain > SHOWN_APPLIED)
		hidden = plain - SHOWN_APPLIED;
	plain = 0;
	for (size_t i = 0; i < s->states->count; i++) {
		const struct state_entry *e = &s->states->list[i];

		if (e->state != STATE_APPLIED || plain++ >= hidden)
			add_line(s, mem, table, e);
	}
	if (hidden)
		cmd_say(&s->cmd,
			"%zu older ones are applied (--all shows "
			"them)",
			hidden);
	fflush(stderr);
	table_print(table);
	talloc_free(mem);
}

/* Where a migration that is applied but not here can be found. */
static int explain_missing(struct status *s)
{
	struct cmd *cmd = &s->cmd;

	for (size_t i = 0; i < s->states->count; i++) {
		const struct state_entry *e = &s->states->list[i];
		char version[VERSION_LENGTH + 1];
		char **branches = NULL, *list;
		size_t count = 0;

		if (e->state != STATE_MISSING)
			continue;
		version_format(e->version, version);
		if (!e->row->commit) {
			cmd_say(cmd,
				"%s_%s was applied from an uncommitted "
				"script",
				version, e->name);
			continue;
		}
		if (repo_branches_with(cmd->mem, cmd->repo, e->row->commit,
				       &branches, &count, &cmd->err) < 0)
			return -1;
		list = talloc_strdup(cmd->mem, count ? "" : "no branch here");
		for (size_t k = 0; k < count; k++)
			list = talloc_asprintf_append(
				list, "%s%s", k ? ", " : "", branches[k]);
		cmd_say(cmd, "%s_%s is from commit %.10s, in %s", version,
			e->name, e->row->commit, list);
	}
	return 0;
}

static int count_pending(const struct status *s)
{
	int n = 0;

	for (size_t i = 0; i < s->states->count; i++)
		n += state_is_pending(&s->states->list[i]) ||
		     s->states->list[i].state == STATE_UNFINISHED;
	return n;
}

/* With -v: why a proof does not hold any more. */
static void explain_stale(const struct status *s)
{
	for (size_t i = 0; s->cmd.verbose && i < s->states->count; i++) {
		const struct state_entry *e = &s->states->list[i];
		char version[VERSION_LENGTH + 1];
		char *list = talloc_strdup(s->cmd.mem, "");

		if (!e->stale_count)
			continue;
		for (int k = 0; k < e->stale_count; k++)
			list = talloc_asprintf_append(
				list, "%s%s", k ? ", " : "", e->stale[k]);
		cmd_say(&s->cmd, "the proof of %s_%s is stale: %s",
			version_format(e->version, version), e->name, list);
	}
}

static int print_text(struct status *s)
{
	cmd_say(&s->cmd, "target %s (%s %s)", cmd_target_name(&s->cmd),
		s->cmd.db->engine->name, s->cmd.db->server_version);
	fflush(stderr);
	print_table(s);
	fflush(stdout);
	if (s->run.text)
		cmd_say(&s->cmd, "a run is at work: %s", s->run.text);
	explain_stale(s);
	return explain_missing(s);
}

static void warn_misnamed(struct cmd *cmd)
{
	char **list;
	size_t count;

	misnamed_here(cmd->mem, cmd->repo, cmd->dir, &list, &count);
	cmd_warn_misnamed(cmd, list, count);
}

int cmd_status(int argc, char **argv)
{
	struct status s = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_FLAG, 0, "exit-code", NULL,
		  "exit with 1 when something is pending", &s.exit_code },
		{ OPTION_TEXT, 0, "at", "COMMIT",
		  "look at a commit instead of the work tree", &s.at },
		{ OPTION_FLAG, 'a', "all", NULL,
		  "show every applied one, not only the newest", &s.all },
		CMD_TARGET(s.cmd),
		CMD_JSON(s.cmd),
		CMD_COMMON(s.cmd),
		CMD_END,
	};
	int status;

	if (options_parse(s.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&s.cmd, status);
	if (argc)
		return cmd_done(&s.cmd,
				options_usage(options, usage,
					      "unexpected argument '%s'",
					      argv[0]));
	if (load(&s) < 0 || find_commits(&s) < 0 || find_proofs(&s) < 0)
		return cmd_fail(&s.cmd);
	if (s.cmd.json)
		print_json(&s);
	else if (print_text(&s) < 0)
		return cmd_fail(&s.cmd);
	if (!s.at)
		warn_misnamed(&s.cmd);
	if (s.here->problem_count) {
		error_set(&s.cmd.err, ERROR_FAILED,
			  "this is not all: %zu file%s in '%s' cannot be a "
			  "migration",
			  s.here->problem_count,
			  s.here->problem_count == 1 ? "" : "s", s.cmd.dir);
		return cmd_fail(&s.cmd);
	}
	return cmd_done(&s.cmd, s.exit_code && count_pending(&s) ? 1 : 0);
}
