#include "cmd/derived.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/base/text.h"
#include "core/derive/catalog.h"

/* A person waits: a target that does not answer is not asked. */
#define TARGET_WAIT_MS 3000

/* Into an error of its own: what is wrong with the target is no failure. */
static int open_target(struct db **db, struct cmd *cmd, struct error *err)
{
	struct error kept = cmd->err;
	int result = 0;

	cmd->err = (struct error){ 0 };
	if (!cmd->db) {
		cmd->connect_ms = TARGET_WAIT_MS;
		result = cmd_open_target(cmd, CMD_READ);
	}
	*err = cmd->err;
	cmd->err = kept;
	*db = cmd->db;
	return result;
}

/* For the catalog: only what was there before the up script counts. */
static int open_before(struct db **db, const char *subject, void *data,
		       struct error *err)
{
	struct derived *d = data;
	struct ledger *ledger;

	(void)subject;
	if (open_target(db, d->cmd, err) < 0 ||
	    (d->version >= 0 &&
	     ledger_read(d->cmd->mem, *db, &ledger, err) < 0))
		return -1;
	if (d->version < 0 || !ledger_find(ledger, d->version))
		return 0;
	*db = NULL;
	return error_set(err, ERROR_REFUSED,
			 "the migration is applied there, so that what was "
			 "before it is gone");
}

static int find_engine(struct cmd *cmd, const struct db_engine **engine)
{
	if (config_target(cmd->mem, cmd->config, cmd->target_option,
			  &cmd->target, &cmd->err) < 0)
		return -1;
	*engine = db_engine_for(cmd->target.url, &cmd->err);
	return *engine ? 0 : -1;
}

static const char *target_name(const struct cmd *cmd)
{
	return cmd->target.name ? cmd->target.name
				: url_redact(cmd->mem, cmd->target.url);
}

int derived_make(struct derived *d, const char *path, char *text, size_t length,
		 const char *label)
{
	struct cmd *cmd = d->cmd;
	struct derive_target target = {
		.access = { open_before, d, NULL },
		.mem = cmd->mem,
	};
	struct derive_catalog catalog;
	struct script *script;
	char *source;

	if (find_engine(cmd, &target.engine) < 0 ||
	    script_parse(cmd->mem, path, text, length, target.engine->dialect,
			 &script, &cmd->err) < 0 ||
	    target.engine->split(script, &cmd->err) < 0)
		return -1;
	d->up_edits = script_directive(script, DIRECTIVE_EDIT) != NULL;
	if (!d->up_edits && script_check_runnable(script, false, &cmd->err) < 0)
		return -1;
	catalog = derive_target_catalog(&target);
	source = talloc_asprintf(cmd->mem, "target '%s'", target_name(cmd));
	if (derive(cmd->mem, target.engine, script, label, source, &catalog,
		   &d->script, &cmd->err) < 0)
		return -1;
	d->problem = target.problem;
	return 0;
}

/* --- the proof ------------------------------------------------------------ */

static int not_proven(struct derived *d, struct error *err)
{
	d->unproven = talloc_strdup(d->cmd->mem, err->message);
	error_release(err);
	return 0;
}

static int run_proof(struct derived *d, int64_t version)
{
	struct cmd *cmd = d->cmd;
	struct prover prover = {
		.target = cmd->db,
		.scratch_url = cmd->target.scratch_url,
		.rows = { PROVE_ROWS_GENERATED, PROVE_ROWS, NULL },
		.tool = GIT_MIGRATE_VERSION,
		.read = cmd_read_blob,
		.read_data = cmd,
	};
	struct proving proving;
	struct set *set;
	bool *wanted;

	if (cmd_set_here(cmd, true, &set) < 0 || set_check(set, &cmd->err) < 0)
		return -1;
	wanted = talloc_zero_array(cmd->mem, bool, (unsigned)set->count + 1);
	for (size_t i = 0; i < set->count; i++)
		wanted[i] = set->list[i].version == version;
	if (prove(cmd->mem, &prover, set, wanted, &proving, &cmd->err) < 0)
		return -1;
	if (proving.count)
		d->proof = proving.proofs[0];
	return cmd_keep_proofs(cmd, proving.proofs, proving.count);
}

int derived_prove(struct derived *d, int64_t version)
{
	struct cmd *cmd = d->cmd;
	struct error err = { 0 };
	struct db *db;

	if (d->script->edits || d->up_edits) {
		d->unproven = talloc_strdup(cmd->mem,
					    "there are edit lines in the pair");
		return 0;
	}
	if (open_target(&db, cmd, &err) < 0)
		return not_proven(d, &err);
	if (cmd_check_scratch(cmd) < 0)
		return not_proven(d, &cmd->err);
	if (run_proof(d, version) == 0)
		return 0;
	if (cmd->err.code == ERROR_INTERRUPTED)
		return -1;
	return not_proven(d, &cmd->err);
}

json_t *derived_proof_json(const struct derived *d)
{
	return d->proof ? proof_json(d->proof) : json_null();
}

int derived_status(const struct derived *d)
{
	return d->proof && (d->proof->outcome == PROOF_DIFFERS ||
			    d->proof->outcome == PROOF_FAILED);
}

void derived_show(const struct derived *d, const char *version)
{
	const struct cmd *cmd = d->cmd;

	if (d->proof && !cmd->json)
		show_proof(cmd, d->proof);
	if (d->problem)
		cmd_hint(cmd, "target '%s' could not help: %s",
			 target_name(cmd), d->problem);
	if (d->script->edits)
		cmd_hint(cmd,
			 "do what the %zu '-- migrate: edit' line%s say%s, and "
			 "take %s out",
			 d->script->edits, d->script->edits == 1 ? "" : "s",
			 d->script->edits == 1 ? "s" : "",
			 d->script->edits == 1 ? "it" : "them");
	else if (d->unproven)
		cmd_hint(cmd, "it is not proven: %s", d->unproven);
	if (derived_status(d))
		cmd_hint(cmd,
			 "mend the down script, then: git migrate prove %s",
			 version);
	else if (!d->proof)
		cmd_hint(cmd, "%s: git migrate prove %s",
			 d->script->edits ? "then" : "next", version);
}

/* --- files ---------------------------------------------------------------- */

int derived_read(struct cmd *cmd, const char *path, char **text, size_t *length)
{
	bool input = !strcmp(path, "-");
	int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return error_set(&cmd->err, ERROR_FAILED,
				 "unable to read '%s': %s", path,
				 strerror(errno));
	rc = process_read_all(cmd->mem, fd, text, length, &cmd->err);
	if (!input)
		close(fd);
	return rc;
}
