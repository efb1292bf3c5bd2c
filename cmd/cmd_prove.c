#include "cmd/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static const char *const usage[] = {
	"git migrate prove [VERSION]...",
	"git migrate prove --all",
	"git migrate prove --range A..B",
	NULL,
};

/* A line that changes oftener than this is not read. */
#define DRAW_EVERY_US 100000

struct prove {
	struct cmd cmd;
	bool all, strict, no_rows;
	int generate, sample;
	const char *range, *backup;
	struct set *set;
	bool *wanted;
	size_t wanted_count;
	struct proving proving;
	const struct proof **valid; /* those that were there before */
	size_t valid_count;
	int64_t drawn_us; /* when the progress line was last written */
};

static int want(struct prove *p, int64_t version)
{
	char text[VERSION_LENGTH + 1];
	struct migration *m = set_find(p->set, version);

	if (!m) {
		error_set(&p->cmd.err, ERROR_NOT_FOUND,
			  "there is no migration %s here",
			  version_format(version, text));
		return error_hint(&p->cmd.err,
				  "see the versions: git migrate status");
	}
	p->wanted_count += !p->wanted[m - p->set->list];
	p->wanted[m - p->set->list] = true;
	return 0;
}

/* Without a word: what is pending, or else the newest. */
static int want_pending(struct prove *p)
{
	struct cmd *cmd = &p->cmd;
	struct ledger *ledger;

	if (cmd_ledger(cmd, &ledger) < 0)
		return -1;
	for (size_t i = 0; i < p->set->count; i++)
		if (!ledger_find(ledger, p->set->list[i].version) &&
		    want(p, p->set->list[i].version) < 0)
			return -1;
	if (!p->wanted_count && p->set->count)
		return want(p, p->set->list[p->set->count - 1].version);
	return 0;
}

static int choose(struct prove *p, const int64_t *versions, int count)
{
	p->wanted = talloc_zero_array(p->cmd.mem, bool,
				      (unsigned)p->set->count + 1);
	if (!p->all && !count)
		return want_pending(p);
	for (size_t i = 0; p->all && i < p->set->count; i++)
		if (want(p, p->set->list[i].version) < 0)
			return -1;
	for (int i = 0; i < count; i++)
		if (want(p, versions[i]) < 0)
			return -1;
	return 0;
}

/* "20260213120000_add_email: unwinding, 12 of 250" */
static void on_report(const struct prove_report *report, void *data)
{
	static const char *const words[] = {
		[PROVE_REPLAY] = "replaying",
		[PROVE_ALONE] = "proving",
		[PROVE_UNWIND] = "unwinding",
		[PROVE_AGAIN] = "applying again",
	};
	struct prove *p = data;
	int64_t now = clock_mono_us();
	char *what;

	if (report->stage == PROVE_DONE || now - p->drawn_us < DRAW_EVERY_US)
		return;
	p->drawn_us = now;
	what = migration_label(NULL, report->migration);
	what = talloc_asprintf_append(what, ": %s, %zu of %zu",
				      words[report->stage], report->at,
				      report->total);
	progress_begin(&p->cmd, what);
	progress_tick(NULL, NULL);
	talloc_free(what);
}

/* Those that nobody named need no second proof of the same. */
static int take_valid(struct prove *p)
{
	struct cmd *cmd = &p->cmd;
	struct proofs *proofs;
	const char **histories;

	p->valid = talloc_array(cmd->mem, const struct proof *,
				(unsigned)p->set->count + 1);
	if (cmd_proofs(cmd, &proofs) < 0)
		return -1;
	if (proofs_are_empty(proofs))
		return 0;
	histories = proof_histories(cmd->mem, p->set);
	for (size_t i = 0; i < p->set->count; i++) {
		const struct proof *found;

		if (!p->wanted[i] ||
		    proofs_judge(proofs, &p->set->list[i], histories[i],
				 cmd->db->engine->name, cmd->db->major,
				 &found) != PROOF_VALID)
			continue;
		p->wanted[i] = false;
		p->valid[p->valid_count++] = found;
	}
	return 0;
}

static void print_json(const struct prove *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->valid_count; i++)
		json_array_append_new(list, proof_json(p->valid[i]));
	for (size_t i = 0; i < p->proving.count; i++)
		json_array_append_new(list, proof_json(p->proving.proofs[i]));
	cmd_print_json(json_pack("{s:o, s:o}", "proofs", list, "unwind",
				 p->proving.unwind
					 ? unwind_json(p->proving.unwind)
					 : json_null()));
}

static int count_failed(const struct prove *p)
{
	const struct unwind *u = p->proving.unwind;
	int n = u && u->outcome >= UNWIND_DIFFERS;

	for (size_t i = 0; p->strict && i < p->valid_count; i++)
		n += p->valid[i]->finding_count > 0;
	for (size_t i = 0; i < p->proving.count; i++) {
		const struct proof *proof = p->proving.proofs[i];

		n += proof->outcome == PROOF_DIFFERS ||
		     proof->outcome == PROOF_FAILED ||
		     (p->strict && proof->finding_count);
	}
	return n;
}

static int finish(struct prove *p)
{
	int bad = count_failed(p);

	if (p->cmd.json)
		print_json(p);
	for (size_t i = 0; i < p->proving.count && !p->cmd.json; i++)
		show_proof(&p->cmd, p->proving.proofs[i]);
	if (p->proving.unwind && !p->cmd.json)
		show_unwind(&p->cmd, p->proving.unwind);
	if (p->valid_count)
		cmd_say(&p->cmd, "%zu %s proven already, and nothing changed",
			p->valid_count, p->valid_count == 1 ? "is" : "are");
	if (!p->proving.count && !p->valid_count && p->range)
		cmd_say(&p->cmd, "%s brings no migration in '%s'", p->range,
			p->cmd.dir);
	else if (!p->proving.count && !p->valid_count)
		cmd_say(&p->cmd, "nothing to prove in '%s'", p->cmd.dir);
	for (size_t i = 0; i < p->proving.count; i++)
		hint_loss(&p->cmd, p->proving.proofs[i]);
	if (bad)
		cmd_hint(&p->cmd, "mend the scripts, then: git migrate prove");
	return cmd_done(&p->cmd, bad ? 1 : 0);
}

/* What the commits of a branch bring: pairs that are new or not the same as
   where it left the other one. */
static int choose_range(struct prove *p)
{
	struct cmd *cmd = &p->cmd;
	struct set *before;
	char *base, *tip;

	if (repo_range(cmd->mem, cmd->repo, p->range, &base, &tip, &cmd->err) <
		    0 ||
	    repo_set_commit(cmd->mem, cmd->repo, tip, cmd->dir, &p->set,
			    &cmd->err) < 0 ||
	    repo_set_commit(cmd->mem, cmd->repo, base, cmd->dir, &before,
			    &cmd->err) < 0)
		return -1;
	p->wanted = talloc_zero_array(cmd->mem, bool,
				      (unsigned)p->set->count + 1);
	for (size_t i = 0; i < p->set->count; i++) {
		const struct migration *m = &p->set->list[i];
		const struct migration *old = set_find(before, m->version);

		p->wanted[i] = !old || !migration_same(m, old);
	}
	return set_check(p->set, &cmd->err);
}

static int choose_here(struct prove *p, const int64_t *versions, int count)
{
	struct cmd *cmd = &p->cmd;

	if (cmd_set_here(cmd, true, &p->set) < 0 ||
	    set_check(p->set, &cmd->err) < 0 ||
	    cmd_open_target(cmd, CMD_READ) < 0)
		return -1;
	return choose(p, versions, count);
}

/* As the file is called for every program. */
static int find_backup(struct prove *p)
{
	struct cmd *cmd = &p->cmd;
	char *real = p->backup ? realpath(p->backup, NULL) : NULL;

	if (!p->backup)
		return 0;
	if (!real)
		return error_set(&cmd->err, ERROR_FAILED,
				 "unable to read '%s': %s", p->backup,
				 strerror(errno));
	p->backup = talloc_strdup(cmd->mem, real);
	free(real);
	return 0;
}

static struct prove_rows rows_wish(const struct prove *p)
{
	if (p->backup)
		return (struct prove_rows){ PROVE_ROWS_BACKUP, 0, p->backup };
	if (p->sample)
		return (struct prove_rows){ PROVE_ROWS_SAMPLE, p->sample,
					    NULL };
	if (p->no_rows)
		return (struct prove_rows){ PROVE_ROWS_NONE, 0, NULL };
	return (struct prove_rows){ PROVE_ROWS_GENERATED,
				    p->generate ? p->generate : PROVE_ROWS,
				    NULL };
}

static int run(struct prove *p, int argc, char **argv)
{
	struct cmd *cmd = &p->cmd;
	struct prover prover = {
		.tool = GIT_MIGRATE_VERSION,
		.read = cmd_read_blob,
		.read_data = cmd,
		.report = on_report,
		.report_data = p,
		.unwind = p->all || p->range,
	};
	int64_t *versions;
	int count = cmd_versions(cmd, argc, argv, &versions);
	int result;

	cmd_catch_signals();
	if (count < 0 || find_backup(p) < 0 || cmd_open_repo(cmd) < 0 ||
	    (p->range ? choose_range(p) : choose_here(p, versions, count)) < 0)
		return -1;
	if ((p->range && cmd_open_target(cmd, CMD_READ) < 0) ||
	    cmd_check_scratch(cmd) < 0)
		return -1;
	prover.span = talloc_memdup(cmd->mem, p->wanted,
				    p->set->count * sizeof(*p->wanted));
	/* who says which rows wants to see it done */
	if (!count && !p->generate && !p->sample && !p->backup &&
	    take_valid(p) < 0)
		return -1;
	prover.rows = rows_wish(p);
	prover.target = cmd->db;
	prover.scratch_url = cmd->target.scratch_url;
	result = prove(cmd->mem, &prover, p->set, p->wanted, &p->proving,
		       &cmd->err);
	progress_end();
	return result < 0 ? -1
			  : cmd_keep_proofs(cmd, p->proving.proofs,
					    p->proving.count);
}

int cmd_prove(int argc, char **argv)
{
	struct prove p = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_FLAG, 0, "all", NULL, "prove every migration here",
		  &p.all },
		{ OPTION_TEXT, 0, "range", "A..B",
		  "prove what the commits from A to B bring", &p.range },
		{ OPTION_NUMBER, 0, "generate", "N",
		  "make up N rows of each table (10)", &p.generate },
		{ OPTION_NUMBER, 0, "sample", "N",
		  "take N rows of each table from the target", &p.sample },
		{ OPTION_TEXT, 0, "from-backup", "FILE",
		  "start from a backup of the target", &p.backup },
		{ OPTION_FLAG, 0, "no-rows", NULL, "prove on empty tables",
		  &p.no_rows },
		{ OPTION_FLAG, 0, "strict", NULL,
		  "findings fail the proof, too", &p.strict },
		CMD_TARGET(p.cmd),
		CMD_JSON(p.cmd),
		CMD_COMMON(p.cmd),
		CMD_END,
	};
	int status;

	if (options_parse(p.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&p.cmd, status);
	if ((p.all || p.range) && argc)
		return cmd_done(&p.cmd,
				options_usage(options, usage,
					      "%s takes no VERSION",
					      p.all ? "--all" : "--range"));
	if ((p.generate != 0) + (p.sample != 0) + (p.backup != NULL) +
		    p.no_rows >
	    1)
		return cmd_done(&p.cmd,
				options_usage(options, usage,
					      "--generate, --sample, "
					      "--from-backup and --no-rows "
					      "exclude each other"));
	if (p.all && p.range)
		return cmd_done(&p.cmd,
				options_usage(options, usage,
					      "--all and --range exclude each "
					      "other"));
	if (run(&p, argc, argv) < 0)
		return cmd_fail(&p.cmd);
	return finish(&p);
}
