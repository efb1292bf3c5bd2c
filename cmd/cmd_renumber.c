#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "cmd/proven.h"
#include "cmd/writeup.h"
#include "core/base/text.h"
#include "core/renumber.h"
#include "core/restamp.h"
#include "core/scaffold/place.h"

static const char *const usage[] = {
	"git migrate renumber [VERSION...] [--upstream REF] [--dry-run]",
	NULL,
};

/* A database that has some of them applied. */
struct holder {
	const char *name; /* as --target takes it; NULL: the configured one */
	const char *shown;
	struct restamp *list;
	size_t count;
};

struct renumber {
	struct cmd cmd;
	bool dry_run;
	const char *upstream;
	int64_t *versions;
	size_t version_count;

	struct set *here, *theirs, *after;
	const char *theirs_name;
	struct place *place;
	struct renumbering *list;
	size_t count;
	struct holder *holders;
	size_t holder_count;
	size_t moved;	/* files, for the way back */
	char *unproven; /* the versions whose proofs hold no more; or NULL */
	size_t unproven_count;
};

/* --- what others have ----------------------------------------------------- */

static void add_all(struct set *to, const struct set *from)
{
	struct error ignored = { 0 };

	for (size_t i = 0; i < from->count; i++)
		for (int d = 0; d < 2; d++)
			if (from->list[i].half[d].path)
				set_add(to, from->list[i].half[d].path,
					from->list[i].half[d].blob, 0,
					&ignored);
	error_release(&ignored);
}

static int add_upstream(struct renumber *r, const char *name)
{
	struct cmd *cmd = &r->cmd;
	struct set *set;
	char *commit;

	if (repo_resolve(cmd->mem, cmd->repo, name, &commit, &cmd->err) < 0 ||
	    repo_set_commit(cmd->mem, cmd->repo, commit, cmd->dir, &set,
			    &cmd->err) < 0)
		return -1;
	add_all(r->theirs, set);
	r->theirs_name = r->theirs_name
				 ? talloc_asprintf(cmd->mem, "%s' or '%s",
						   r->theirs_name, name)
				 : talloc_strdup(cmd->mem, name);
	return 0;
}

static int read_theirs(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;
	char **names;
	size_t count;

	r->theirs = set_new(cmd->mem);
	if (r->upstream) {
		if (add_upstream(r, r->upstream) < 0)
			return -1;
	} else {
		if (repo_upstreams(cmd->mem, cmd->repo, &names, &count,
				   &cmd->err) < 0)
			return -1;
		for (size_t i = 0; i < count; i++)
			if (add_upstream(r, names[i]) < 0)
				return -1;
	}
	set_sort(r->theirs);
	return 0;
}

/* --- planning ------------------------------------------------------------- */

static bool is_asked_for(const struct renumber *r, int64_t version)
{
	for (size_t i = 0; i < r->version_count; i++)
		if (r->versions[i] == version)
			return true;
	return false;
}

/* With a mistyped version, nothing could come after it: it is to be renumbered
   itself. */
static int64_t newest_staying(const struct renumber *r)
{
	const struct set *sets[] = { r->here, r->theirs };
	int64_t newest = 0;

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < sets[k]->count; i++) {
			int64_t version = sets[k]->list[i].version;

			if (version > newest &&
			    (sets[k] == r->theirs || !is_asked_for(r, version)))
				newest = version;
		}
	return newest;
}

static int plan(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;
	struct renumber_request request = {
		.here = r->here,
		.theirs = r->theirs,
		.theirs_name = r->theirs_name,
		.versions = r->versions,
		.count = r->version_count,
		.first = version_at(clock_wall_us()),
	};
	int64_t newest;

	if (repo_newest_version(cmd->repo, cmd->dir, &newest, &cmd->err) < 0)
		return -1;
	if (r->theirs->count &&
	    r->theirs->list[r->theirs->count - 1].version > newest)
		newest = r->theirs->list[r->theirs->count - 1].version;
	if (version_next(newest) < 0)
		newest = newest_staying(r);
	request.newest = newest;
	if (newest >= request.first)
		request.first = version_next(newest);
	if (renumber_plan(cmd->mem, &request, &r->list, &r->count, &cmd->err) <
	    0)
		return -1;
	r->after = renumber_set(cmd->mem, r->here, r->list, r->count);
	return 0;
}

static char *label(TALLOC_CTX *mem, int64_t version, const char *name)
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
		  label(cmd->mem, row->version, row->name),
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

static int look_at_targets(struct renumber *r)
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

static void move_back(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;
	const struct half *half;
	char *to;

	while (r->moved-- > 0) {
		struct error late = { 0 };

		if (half_at(r, r->moved, &half, &to) &&
		    repo_move(cmd->repo, to, half->path,
			      !(half->flags & HALF_UNTRACKED), &late) < 0)
			error_hint(&cmd->err, "unable to rename it back: '%s'",
				   to);
		error_release(&late);
	}
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

/* So many are named one by one, and looked for. */
#define UNPROVEN_NAMED 5

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

/* --- telling -------------------------------------------------------------- */

static json_t *answer(const struct renumber *r)
{
	json_t *list = json_array(), *targets = json_array();

	for (size_t i = 0; i < r->count; i++) {
		char from[VERSION_LENGTH + 1], to[VERSION_LENGTH + 1];
		const struct renumbering *one = &r->list[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "from",
					version_format(one->m->version, from),
					"to", version_format(one->to, to),
					"name", one->m->name));
	}
	for (size_t i = 0; i < r->holder_count; i++)
		json_array_append_new(targets,
				      json_string(r->holders[i].shown));
	return json_pack("{s:o, s:o, s:b}", "renumbered", list, "targets",
			 targets, "dry_run", r->dry_run);
}

static void hint_next(const struct renumber *r)
{
	const struct cmd *cmd = &r->cmd;

	if (r->unproven)
		cmd_hint(cmd,
			 "what comes after other migrations now has to be "
			 "proven again: git migrate prove%s",
			 r->unproven_count > UNPROVEN_NAMED ? " --all"
							    : r->unproven);
	cmd_hint(cmd, "next: git commit");
}

static void tell(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;

	if (cmd->json) {
		cmd_print_json(answer(r));
		return;
	}
	for (size_t i = 0; i < r->count; i++) {
		const struct renumbering *one = &r->list[i];

		cmd_line("%s %s to %s",
			 r->dry_run ? "would renumber" : "renumbered",
			 label(cmd->mem, one->m->version, one->m->name),
			 label(cmd->mem, one->to, one->m->name));
	}
	for (size_t i = 0; i < r->holder_count; i++)
		cmd_say(cmd, "%s in the ledger of '%s', which has %zu of them",
			r->dry_run ? "would do so" : "done so",
			r->holders[i].shown, r->holders[i].count);
	if (r->count && !r->dry_run)
		hint_next(r);
}

static void say_nothing(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;

	if (r->theirs_name)
		cmd_say(cmd,
			"nothing to do: what '%s' does not have is newer than "
			"all it has",
			r->theirs_name);
	else
		cmd_say(cmd, "nothing to do: there is no upstream branch whose "
			     "migrations could be newer");
}

/* --- doing it ------------------------------------------------------------- */

/* What fails half way is taken back, or told of by the next sync. */
static int carry_out(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;

	if (move_files(r) < 0) {
		move_back(r);
		return -1;
	}
	for (size_t i = 0; i < r->holder_count; i++) {
		if (restamp(r, &r->holders[i]) == 0)
			continue;
		if (i == 0) {
			move_back(r);
			return -1;
		}
		return error_hint(&cmd->err,
				  "the files are renamed; to rename it there, "
				  "too: git migrate sync --target '%s'",
				  r->holders[i].shown);
	}
	for (size_t i = 0; i < r->count; i++)
		writeup_renumber(cmd->repo->common_dir, r->list[i].m->version,
				 r->list[i].to);
	return move_proofs(r);
}

static int run(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;

	cmd_catch_signals();
	if (cmd_open_repo(cmd) < 0)
		return -1;
	if (!cmd->repo->top)
		return error_set(&cmd->err, ERROR_FAILED,
				 "renumber needs a work tree, and this "
				 "repository is bare");
	if (!r->dry_run && place_open(cmd->mem, cmd->repo->top, cmd->dir,
				      &r->place, &cmd->err) < 0)
		return -1;
	if (cmd_set_here(cmd, false, &r->here) < 0 || read_theirs(r) < 0 ||
	    plan(r) < 0)
		return -1;
	if (!r->count && !cmd->json) {
		say_nothing(r);
		return 0;
	}
	if (r->count &&
	    (look_at_targets(r) < 0 || (!r->dry_run && carry_out(r) < 0)))
		return -1;
	tell(r);
	return 0;
}

int cmd_renumber(int argc, char **argv)
{
	struct renumber r = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_TEXT, 0, "upstream", "REF",
		  "what others have, instead of the upstream branch",
		  &r.upstream },
		{ OPTION_FLAG, 'n', "dry-run", NULL,
		  "show what would be renumbered, change nothing", &r.dry_run },
		CMD_TARGET(r.cmd),
		CMD_WAIT(r.cmd),
		CMD_JSON(r.cmd),
		CMD_COMMON(r.cmd),
		CMD_END,
	};
	int status, count;

	if (options_parse(r.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&r.cmd, status);
	count = cmd_versions(&r.cmd, argc, argv, &r.versions);
	if (count < 0)
		return cmd_fail(&r.cmd);
	r.version_count = (size_t)count;
	return run(&r) < 0 ? cmd_fail(&r.cmd) : cmd_done(&r.cmd, 0);
}
