#include "cmd/renumbering.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/proven.h"
#include "cmd/writeup.h"
#include "core/base/text.h"
#include "core/journal.h"
#include "core/renumber_journal.h"

char *renumbering_label(TALLOC_CTX *mem, int64_t version, const char *name)
{
	char digits[VERSION_LENGTH + 1];

	return talloc_asprintf(mem, "%s_%s", version_format(version, digits),
			       name);
}

/* --- databases that have it ----------------------------------------------- */

static int refuse_applied(struct renumber *r, const struct cmd *other,
			  const struct ledger_row *row)
{
	struct cmd *cmd = &r->cmd;
	bool unfinished = row->state == UNFINISHED;
	char version[VERSION_LENGTH + 1];

	error_set(&cmd->err, ERROR_REFUSED, "migration '%s' is %s '%s'%s",
		  renumbering_label(cmd->mem, row->version, row->name),
		  unfinished ? "unfinished on" : "applied to",
		  cmd_target_name(other),
		  unfinished ? "" : ", which is protected");
	version_format(row->version, version);
	if (unfinished)
		return error_hint(&cmd->err,
				  "see to it first: git migrate repair %s",
				  version);
	return error_hint(&cmd->err,
			  "to write what is to come later into a migration of "
			  "its own: git migrate new NAME");
}

static int take_row(struct renumber *r, struct cmd *other, struct holder *h,
		    const struct renumbering *one)
{
	struct cmd *cmd = &r->cmd;
	struct ledger_row *row;

	if (ledger_read_one(cmd->mem, other->db, one->m->version, &row,
			    &cmd->err) < 0)
		return -1;
	/* another migration of that version is not ours */
	if (!row || strcmp(row->name, one->m->name) != 0)
		return 0;
	if (row->state == UNFINISHED || other->target.protected_)
		return refuse_applied(r, other, row);
	h->list[h->count++] = (struct restamp){
		.from = one->m->version,
		.to = one->to,
		.name = one->m->name,
		.commit = row->commit,
		.source = row->source,
		.branch = row->branch,
	};
	return 0;
}

static int look_into(struct renumber *r, struct cmd *other, const char *name)
{
	struct cmd *cmd = &r->cmd;
	struct holder h = { .name = name };
	struct ledger *ledger;

	if (ledger_read(cmd->mem, other->db, &ledger, &cmd->err) < 0)
		return -1;
	if (!ledger->exists)
		return 0;
	h.list = talloc_array(cmd->mem, struct restamp, (unsigned)r->count + 1);
	for (size_t i = 0; i < r->count; i++)
		if (take_row(r, other, &h, &r->list[i]) < 0)
			return -1;
	if (!h.count)
		return 0;
	h.shown = talloc_strdup(cmd->mem, cmd_target_name(other));
	r->holders = talloc_realloc(cmd->mem, r->holders, struct holder,
				    (unsigned)r->holder_count + 1);
	r->holders[r->holder_count++] = h;
	return 0;
}

/* Somebody else's server is not waited for. */
#define CONNECT_MS 3000

static int open_as(const struct renumber *r, const char *name,
		   enum cmd_access access, struct cmd *other)
{
	*other = r->cmd;
	other->err = (struct error){ 0 };
	other->target_option = name;
	other->connect_ms = CONNECT_MS;
	other->db = NULL;
	return cmd_open_target(other, access);
}

/* One that cannot be reached is warned about, except the one asked for. */
static int look_at(struct renumber *r, const char *name, bool asked_for)
{
	struct cmd other;
	int result;

	if (open_as(r, name, CMD_READ, &other) < 0) {
		if (asked_for) {
			r->cmd.err = other.err;
			return -1;
		}
		cmd_warning("not known whether target '%s' has any of them: %s",
			    name, other.err.message);
		error_release(&other.err);
		return 0;
	}
	result = look_into(r, &other, name);
	talloc_free(other.db);
	return result;
}

int renumbering_look(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;
	const char **names = config_target_names(cmd->mem, cmd->config);
	struct target first;

	if (config_target(cmd->mem, cmd->config, cmd->target_option, &first,
			  &cmd->err) < 0 ||
	    look_at(r, cmd->target_option, true) < 0)
		return -1;
	for (; *names; names++) {
		struct target other;

		if (config_target(cmd->mem, cmd->config, *names, &other,
				  &cmd->err) < 0)
			return -1;
		if (!db_same_place(first.url, other.url, cmd->repo->top) &&
		    look_at(r, *names, false) < 0)
			return -1;
	}
	return 0;
}

static int restamp(struct renumber *r, const struct holder *h)
{
	struct cmd *cmd = &r->cmd, other;
	int result = open_as(r, h->name, CMD_WRITE, &other);

	if (result == 0)
		result = other.db->engine->lock(other.db, &other.err);
	if (result == 0) {
		struct error late = { 0 };
		struct ledger *ledger;

		result = ledger_restamp(other.db, h->list, h->count,
					&other.err);
		/* for hooks, which would still know the old versions */
		if (result == 0)
			result = cmd_ledger(&other, &ledger);
		other.db->engine->unlock(other.db, &late);
		error_release(&late);
	}
	talloc_free(other.db);
	if (result < 0)
		cmd->err = other.err;
	return result;
}

/* --- files ---------------------------------------------------------------- */

/* Half number n, counted through all of them; false: there is none. */
static bool half_at(const struct renumber *r, size_t n,
		    const struct half **half, char **to)
{
	const struct renumbering *one = &r->list[n / 2];

	*half = &one->m->half[n % 2];
	if (!(*half)->path)
		return false;
	*to = renumber_path(r->cmd.mem, (*half)->path, one->to);
	return true;
}

static int move_files(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;
	const struct half *half;
	char *to;

	for (; r->moved < 2 * r->count; r->moved++)
		if (half_at(r, r->moved, &half, &to) &&
		    repo_move(cmd->repo, half->path, to,
			      !(half->flags & HALF_UNTRACKED), &cmd->err) < 0)
			return -1;
	return 0;
}

static bool move_back(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;
	const struct half *half;
	bool well = true;
	char *to;

	while (r->moved-- > 0) {
		struct error late = { 0 };

		if (half_at(r, r->moved, &half, &to) &&
		    repo_move(cmd->repo, to, half->path,
			      !(half->flags & HALF_UNTRACKED), &late) < 0) {
			error_hint(&cmd->err, "unable to rename it back: '%s'",
				   to);
			well = false;
		}
		error_release(&late);
	}
	return well;
}

/* --- proofs --------------------------------------------------------------- */

static char *edit_proofs(TALLOC_CTX *mem, const char *old, void *data)
{
	return old ? proof_note_move(mem, old, data) : NULL;
}

static const struct migration *before(const struct renumber *r,
				      const struct migration *now)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->list[i].to == now->version)
			return r->list[i].m;
	return set_find(r->here, now->version);
}

static int note_unproven(struct renumber *r, struct proven *proven,
			 const struct migration *m)
{
	struct cmd *cmd = &r->cmd;
	char digits[VERSION_LENGTH + 1];
	const struct proof *proof;
	enum proof_state state;

	if (r->unproven_count > UNPROVEN_NAMED)
		return 0;
	if (proven_judge(proven, m, &state, &proof) < 0)
		return -1;
	if (state != PROOF_STALE)
		return 0;
	r->unproven_count++;
	r->unproven = talloc_asprintf(cmd->mem, "%s %s",
				      r->unproven ? r->unproven : "",
				      version_format(m->version, digits));
	return 0;
}

/*
 * A proof holds on where the same scripts come before; what now comes after
 * others has to be proven again.
 */
static int move_proofs(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;
	const char **was = proof_histories(cmd->mem, r->here);
	const char **now = proof_histories(cmd->mem, r->after);
	struct note_edit *edits = talloc_array(cmd->mem, struct note_edit,
					       (unsigned)r->after->count + 1);
	struct proof_move *moves = talloc_array(cmd->mem, struct proof_move,
						(unsigned)r->after->count + 1);
	struct proven proven;
	size_t count = 0;

	proven_init(&proven, cmd, NULL, r->after);
	for (size_t i = 0; i < r->after->count; i++) {
		const struct migration *m = &r->after->list[i];
		const struct migration *old = before(r, m);
		size_t k = (size_t)(old - r->here->list);

		if (!m->half[0].blob || !m->half[1].blob ||
		    (old->version == m->version && !strcmp(was[k], now[i])))
			continue;
		if (!renumber_same_before(r->here, old, r->after, m)) {
			if (note_unproven(r, &proven, m) < 0)
				return -1;
			continue;
		}
		moves[count] = (struct proof_move){ old, m, was[k], now[i] };
		edits[count] = (struct note_edit){ m->half[0].blob,
						   &moves[count] };
		count++;
	}
	return notes_edit_all(cmd->repo, PROOFS_REF, edits, count,
			      "Renumber proofs", edit_proofs, &cmd->err);
}

/* --- doing it ------------------------------------------------------------- */

/* Goes through all; the first error is the command's. */
static int restamp_all(struct renumber *r, size_t from)
{
	struct cmd *cmd = &r->cmd;
	struct error first = { 0 };
	int result = 0;

	for (size_t i = from; i < r->holder_count; i++) {
		if (restamp(r, &r->holders[i]) == 0)
			continue;
		if (result == 0)
			first = cmd->err;
		else
			error_release(&cmd->err);
		cmd->err = (struct error){ 0 };
		result = error_hint(&first,
				    "the files are renamed; to rename it "
				    "there, too: git migrate sync --target "
				    "'%s'",
				    r->holders[i].shown);
	}
	cmd->err = first;
	return result;
}

static int write_journal(struct renumber *r)
{
	struct renumber_journal journal;

	renumber_journal_take(r->cmd.mem, r->list, r->count, &journal);
	return renumber_journal_write(&journal, r->path, &r->cmd.err);
}

/* Before any ledger was changed. */
static int take_back(struct renumber *r)
{
	struct error *err = &r->cmd.err;

	if (!move_back(r))
		return error_hint(err, "to complete it instead: git migrate "
				       "renumber");
	if (unlink(r->path) < 0 && errno != ENOENT)
		error_hint(err, "nothing is renamed now: rm '%s'", r->path);
	return -1;
}

static int move_the_rest(struct renumber *r)
{
	for (size_t i = 0; i < r->count; i++)
		writeup_renumber(r->cmd.repo->common_dir, r->list[i].m->version,
				 r->list[i].to);
	return move_proofs(r) < 0 || journal_remove(r->path, &r->cmd.err) < 0
		       ? -1
		       : 0;
}

/* A ledger that cannot be changed now holds nothing up: sync knows. */
static int complete(struct renumber *r, size_t from)
{
	struct cmd *cmd = &r->cmd;
	int result = restamp_all(r, from);
	struct error why = cmd->err;

	cmd->err = (struct error){ 0 };
	if (move_the_rest(r) < 0) {
		if (result < 0)
			cmd_print_error(&why);
		error_release(&why);
		return error_hint(&cmd->err,
				  "to complete it: git migrate renumber");
	}
	cmd->err = why;
	return result;
}

/* What fails half way is taken back, or told of by the next sync. */
int renumbering_carry_out(struct renumber *r)
{
	if (write_journal(r) < 0)
		return -1;
	if (move_files(r) < 0 ||
	    (r->holder_count && restamp(r, &r->holders[0]) < 0))
		return take_back(r);
	return complete(r, 1);
}

/* --- what was cut off ----------------------------------------------------- */

static int finish_files(struct renumber *r,
			const struct renumber_journal *journal)
{
	struct cmd *cmd = &r->cmd;

	for (size_t i = 0; i < journal->count; i++) {
		const struct renumber_step *step = &journal->steps[i];

		for (int d = 0; d < 2; d++)
			if (step->path[d] &&
			    repo_finish_move(cmd->repo, step->path[d],
					     renumber_path(cmd->mem,
							   step->path[d],
							   step->to),
					     step->tracked[d], &cmd->err) < 0)
				return -1;
	}
	return 0;
}

static void hint_unfinished(struct renumber *r)
{
	struct error *err = &r->cmd.err;

	if (err->code == ERROR_NOT_FOUND)
		error_hint(err,
			   "switch to the branch where a renumber was cut off, "
			   "or forget it: rm '%s'",
			   r->path);
	error_hint(err, "to complete it: git migrate renumber");
}

int renumbering_finish(struct renumber *r, bool *found)
{
	struct cmd *cmd = &r->cmd;
	struct renumber_journal *journal;

	r->path = cmd_own_file(cmd, strrchr(RENUMBER_JOURNAL, '/') + 1);
	if (renumber_journal_read(cmd->mem, r->path, &journal, &cmd->err) < 0)
		return -1;
	*found = journal != NULL;
	if (!journal)
		return 0;
	if (r->dry_run) {
		error_set(&cmd->err, ERROR_REFUSED,
			  "a renumber was cut off here");
		return error_hint(&cmd->err,
				  "to complete it: git migrate renumber");
	}
	if (finish_files(r, journal) < 0) {
		hint_unfinished(r);
		return -1;
	}
	if (cmd_set_here(cmd, false, &r->after) < 0)
		return -1;
	renumber_journal_plan(cmd->mem, journal, r->after, &r->here, &r->list,
			      &r->count);
	return renumbering_look(r) < 0 ? -1 : complete(r, 0);
}
