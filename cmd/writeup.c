#include "cmd/writeup.h"

#include <string.h>

#include "core/thread/join.h"
#include "core/thread/marker.h"
#include "core/thread/texts.h"

int writeup_open(struct writeup *w)
{
	struct cmd *cmd = &w->cmd;

	cmd->lenient = true;
	if (cmd_open_repo(cmd) < 0 || cmd_set_here(cmd, true, &w->here) < 0 ||
	    cmd_open_target(cmd, CMD_READ) < 0 ||
	    cmd_ledger(cmd, &w->ledger) < 0 || cmd_proofs(cmd, &w->proofs) < 0)
		return -1;
	w->histories = proof_histories(cmd->mem, w->here);
	return overlay_read(cmd->mem, overlay_new(cmd->mem, cmd->repo->top),
			    COMMENT_TEMPLATE, &w->template_file, &cmd->err);
}

int writeup_choose(struct writeup *w, int argc, char **argv, int64_t **versions,
		   size_t *count)
{
	struct cmd *cmd = &w->cmd;
	int n = cmd_versions(cmd, argc, argv, versions);

	if (n)
		*count = (size_t)n;
	if (n)
		return n < 0 ? -1 : 0;
	if (!w->ledger->count) {
		error_set(&cmd->err, ERROR_NOT_FOUND,
			  "nothing is applied on '%s'", cmd_target_name(cmd));
		return error_hint(&cmd->err, "apply something: git migrate up");
	}
	(*versions)[0] = w->ledger->rows[w->ledger->count - 1].version;
	*count = 1;
	return 0;
}

/* --- runs ---------------------------------------------------------------- */

static const struct facts *newest(struct facts *const *runs, size_t count,
				  enum direction direction, bool ok)
{
	for (size_t i = 0; i < count; i++)
		if (runs[i]->direction == direction && (runs[i]->ok || !ok))
			return runs[i];
	return NULL;
}

static enum comment_outcome outcome_of(const struct ledger_row *row,
				       const struct facts *last)
{
	if (row)
		return row->state == UNFINISHED ? COMMENT_UNFINISHED
						: COMMENT_APPLIED;
	if (last && last->direction == DIRECTION_UP && !last->ok)
		return COMMENT_FAILED;
	if (last && last->direction == DIRECTION_DOWN && last->ok)
		return COMMENT_REVERTED;
	return COMMENT_NOT_APPLIED;
}

static int take_runs(struct writeup *w, const struct ledger_row *row,
		     struct comment_input *in)
{
	struct cmd *cmd = &w->cmd;
	struct facts **runs = NULL;
	size_t count = 0;
	bool ok;

	if (w->ledger->exists && ledger_runs(cmd->mem, cmd->db, in->version, 0,
					     &runs, &count, &cmd->err) < 0)
		return -1;
	in->outcome = outcome_of(row, count ? runs[0] : NULL);
	ok = in->outcome == COMMENT_APPLIED || in->outcome == COMMENT_REVERTED;
	in->up = newest(runs, count, DIRECTION_UP, ok);
	in->down = newest(runs, count, DIRECTION_DOWN, true);
	if (!in->name && count)
		in->name = runs[0]->name;
	if (row) {
		in->done = row->done;
		in->total = row->total;
	}
	return 0;
}

/* --- scripts, commit and proof ------------------------------------------- */

/* A script that is not to be had, or not understood, tells nothing. */
static const struct script *read_script(struct writeup *w, char *text,
					const char *path)
{
	struct cmd *cmd = &w->cmd;
	struct script *script;

	if (!text ||
	    script_parse(cmd->mem, path ? path : "script", text, strlen(text),
			 cmd->db->engine->dialect, &script, &cmd->err) < 0 ||
	    cmd->db->engine->split(script, &cmd->err) < 0) {
		error_release(&cmd->err);
		return NULL;
	}
	return script;
}

static char *blob_text(struct writeup *w, const char *blob)
{
	struct cmd *cmd = &w->cmd;
	size_t length;
	char *text;

	if (!blob ||
	    cmd_read_blob(cmd->mem, blob, &text, &length, cmd, &cmd->err) < 0) {
		error_release(&cmd->err);
		return NULL;
	}
	return text;
}

static void take_scripts(struct writeup *w, const struct migration *m,
			 const struct ledger_row *row, struct comment_input *in)
{
	struct cmd *cmd = &w->cmd;
	const struct half *half = m->half;
	char *down = NULL;

	in->up_script = read_script(w, blob_text(w, half[DIRECTION_UP].blob),
				    half[DIRECTION_UP].path);
	if (row && ledger_down_script(cmd->mem, cmd->db, row->version, &down,
				      &cmd->err) < 0) {
		error_release(&cmd->err);
		down = NULL;
	}
	in->down_recorded = down != NULL;
	if (!down)
		down = blob_text(w, half[DIRECTION_DOWN].blob);
	in->down_script = read_script(w, down, half[DIRECTION_DOWN].path);
	in->down_path = half[DIRECTION_DOWN].path;
}

/*
 * Git knows best where the pair came from: the ledger's commit may have been
 * rebased away, or the script may have been committed since.
 */
static int take_commit(struct writeup *w, const struct migration *m,
		       const struct ledger_row *row, struct written *one)
{
	struct cmd *cmd = &w->cmd;
	struct origin *origins;
	char *found;

	if (m->half[0].path && m->half[1].path && cmd->repo->head) {
		if (repo_origins(cmd->mem, cmd->repo, cmd->repo->head, cmd->dir,
				 &m, 1, &origins, &cmd->err) < 0)
			return -1;
		if (origins[0].commit) {
			one->commit = one->input.commit = origins[0].commit;
			one->input.source = origins[0].inexact ? "inexact"
							       : "commit";
			return 0;
		}
	}
	if (!row || !row->commit)
		return 0;
	one->input.commit = row->commit;
	one->input.source = row->source;
	if (repo_resolve(cmd->mem, cmd->repo, row->commit, &found, &cmd->err) <
	    0)
		error_release(&cmd->err);
	else
		one->commit = found;
	return 0;
}

static bool same_blob(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/*
 * The pair that counts: as it was applied, at the paths where it is here. A
 * path whose text is another one now is left out.
 */
static struct migration applied_pair(const struct migration *here,
				     const struct ledger_row *row)
{
	struct migration m = { 0 };

	if (here)
		m = *here;
	if (!row)
		return m;
	m.version = row->version;
	m.name = row->name;
	if (!here || !same_blob(here->half[0].blob, row->up_blob))
		m.half[0].path = NULL;
	if (!here || !same_blob(here->half[1].blob, row->down_blob))
		m.half[1].path = NULL;
	m.half[0].blob = row->up_blob;
	m.half[1].blob = row->down_blob;
	return m;
}

static void take_proof(struct writeup *w, const struct migration *here,
		       const struct migration *pair, struct comment_input *in)
{
	struct cmd *cmd = &w->cmd;

	in->proof_state = proofs_judge(
		w->proofs, pair, here ? w->histories[here - w->here->list] : "",
		cmd->db->engine->name, cmd->db->major, &in->proof);
}

int writeup_gather(struct writeup *w, int64_t version, struct written *one)
{
	struct cmd *cmd = &w->cmd;
	struct migration *here = set_find(w->here, version);
	struct ledger_row *row = ledger_find(w->ledger, version);
	struct migration *pair = talloc(cmd->mem, struct migration);
	char digits[VERSION_LENGTH + 1];

	*pair = applied_pair(here, row);
	*one = (struct written){
		.input = {
			.version = version,
			.name = pair->name,
			.target = cmd_target_name(cmd),
			.engine = cmd->db->engine->name,
			.server_version = cmd->db->server_version,
		},
	};
	if (take_runs(w, row, &one->input) < 0)
		return -1;
	if (!one->input.name) {
		error_set(&cmd->err, ERROR_NOT_FOUND,
			  "there is no migration %s, neither here nor on '%s'",
			  version_format(version, digits), one->input.target);
		return error_hint(&cmd->err,
				  "see the versions: git migrate status");
	}
	take_scripts(w, pair, row, &one->input);
	one->input.up_blob = pair->half[0].blob;
	one->input.down_blob = pair->half[1].blob;
	take_proof(w, here, pair, &one->input);
	one->marker = marker_new(cmd->mem, version, one->input.name,
				 one->input.target);
	one->label = talloc_asprintf(cmd->mem, "%s_%s",
				     version_format(version, digits),
				     one->input.name);
	if (take_commit(w, pair, row, one) < 0)
		return -1;
	return writeup_kept(w, one);
}

/* --- composing ----------------------------------------------------------- */

int writeup_compose_over(TALLOC_CTX *mem, struct writeup *w,
			 const struct written *one, const char *existing,
			 char **body, struct error *err)
{
	struct comment_input input = one->input;
	struct comment_texts found, safe, posted;
	char *marker;

	if (existing) {
		texts_from_body(mem, existing, &found);
		safe = texts_safe(mem, &one->input.texts);
		posted = texts_safe(mem, &one->posted);
		texts_join(mem, &posted, &found, &safe, &input.texts);
		input.texts.task = safe.task ? safe.task : found.task;
	}
	if (comment_compose(mem, &input, w->template_file->text,
			    w->template_file->path, body, &marker, err) < 0)
		return -1;
	if (existing)
		*body = comment_keep_proof(mem, &input, *body, existing);
	return 0;
}

int writeup_compose(struct writeup *w, const struct written *one, char **body)
{
	char *noted;

	if (writeup_noted(w, one, &noted) < 0)
		return -1;
	return writeup_compose_over(w->cmd.mem, w, one, noted, body,
				    &w->cmd.err);
}

const char *writeup_thread(const struct writeup *w)
{
	const char *thread = config_get(w->cmd.config, "migrate.thread");

	return thread && *thread ? thread : "notes";
}

int writeup_noted(struct writeup *w, const struct written *one, char **body)
{
	struct cmd *cmd = &w->cmd;
	char *note;

	*body = NULL;
	if (!one->commit || strcmp(writeup_thread(w), "notes") != 0)
		return 0;
	if (notes_read(cmd->mem, cmd->repo, NOTES_REF, one->commit, &note,
		       &cmd->err) < 0)
		return -1;
	*body = note ? note_find(cmd->mem, note, one->marker) : NULL;
	return 0;
}
