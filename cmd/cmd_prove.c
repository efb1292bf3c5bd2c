#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static const char *const usage[] = {
	"git migrate prove [VERSION]...",
	"git migrate prove --all",
	NULL,
};

struct prove {
	struct cmd cmd;
	bool all;
	struct set *set;
	bool *wanted;
	size_t wanted_count;
	struct proof **proofs;
	size_t count;
	const struct proof **valid; /* those that were there before */
	size_t valid_count;
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

	if (ledger_read(cmd->mem, cmd->db, &ledger, &cmd->err) < 0)
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

static void on_report(const struct migration *m, const struct proof *proof,
		      void *data)
{
	struct prove *p = data;
	char *what;

	if (proof) {
		progress_end();
		return;
	}
	what = migration_label(NULL, m);
	what = talloc_asprintf_append(what, ": proving");
	progress_begin(&p->cmd, what);
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
	for (size_t i = 0; i < p->count; i++)
		json_array_append_new(list, proof_json(p->proofs[i]));
	cmd_print_json(json_pack("{s:o}", "proofs", list));
}

static int count_failed(const struct prove *p)
{
	int n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->proofs[i]->outcome == PROOF_DIFFERS ||
		     p->proofs[i]->outcome == PROOF_FAILED;
	return n;
}

static int finish(struct prove *p)
{
	int bad = count_failed(p);

	if (p->cmd.json)
		print_json(p);
	for (size_t i = 0; i < p->count && !p->cmd.json; i++)
		show_proof(&p->cmd, p->proofs[i]);
	if (p->valid_count)
		cmd_say(&p->cmd, "%zu %s proven already, and nothing changed",
			p->valid_count, p->valid_count == 1 ? "is" : "are");
	if (!p->count && !p->valid_count)
		cmd_say(&p->cmd, "nothing to prove in '%s'", p->cmd.dir);
	if (bad)
		cmd_hint(&p->cmd, "mend the scripts, then: git migrate prove");
	return cmd_done(&p->cmd, bad ? 1 : 0);
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
	};
	int64_t *versions;
	int count = cmd_versions(cmd, argc, argv, &versions);
	int result;

	cmd_catch_signals();
	if (count < 0 || cmd_open_repo(cmd) < 0 ||
	    cmd_set_here(cmd, true, &p->set) < 0 ||
	    set_check(p->set, &cmd->err) < 0 ||
	    cmd_open_target(cmd, CMD_READ) < 0 || cmd_check_scratch(cmd) < 0 ||
	    choose(p, versions, count) < 0)
		return -1;
	if (!count && take_valid(p) < 0)
		return -1;
	prover.target = cmd->db;
	prover.scratch_url = cmd->target.scratch_url;
	result = prove(cmd->mem, &prover, p->set, p->wanted, &p->proofs,
		       &p->count, &cmd->err);
	progress_end();
	return result < 0 ? -1 : cmd_keep_proofs(cmd, p->proofs, p->count);
}

int cmd_prove(int argc, char **argv)
{
	struct prove p = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_FLAG, 0, "all", NULL, "prove every migration here",
		  &p.all },
		CMD_TARGET(p.cmd),
		CMD_JSON(p.cmd),
		CMD_COMMON(p.cmd),
		CMD_END,
	};
	int status;

	if (options_parse(p.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&p.cmd, status);
	if (p.all && argc)
		return cmd_done(&p.cmd,
				options_usage(options, usage,
					      "--all takes no VERSION"));
	if (run(&p, argc, argv) < 0)
		return cmd_fail(&p.cmd);
	return finish(&p);
}
