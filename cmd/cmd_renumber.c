#include "cmd/renumbering.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static const char *const usage[] = {
	"git migrate renumber [VERSION...] [--upstream REF] [--dry-run]",
	NULL,
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

static bool is_twin(const struct renumber *r, const struct migration *m)
{
	const struct migration *first = set_find(r->here, m->version);

	return first + 1 < r->here->list + r->here->count &&
	       first[1].version == m->version;
}

/* A mistyped version is no reason to give the next one: it is to be renumbered
   itself, or nothing could come after it. */
static int64_t newest_staying(const struct renumber *r)
{
	const struct set *sets[] = { r->here, r->theirs };
	int64_t newest = 0;

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < sets[k]->count; i++) {
			const struct migration *m = &sets[k]->list[i];

			if (m->version <= newest || m->version >= VERSION_END)
				continue;
			if (k || !is_asked_for(r, m->version) || is_twin(r, m))
				newest = m->version;
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
	int64_t newest, staying;

	if (repo_newest_version(cmd->repo, cmd->dir, VERSION_END, &newest,
				&cmd->err) < 0)
		return -1;
	staying = newest_staying(r);
	if (staying > newest || is_asked_for(r, newest))
		newest = staying;
	request.newest = newest;
	if (newest >= request.first)
		request.first = version_next(newest);
	if (renumber_plan(cmd->mem, &request, &r->list, &r->count, &cmd->err) <
	    0)
		return -1;
	r->after = renumber_set(cmd->mem, r->here, r->list, r->count);
	return 0;
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
			 renumbering_label(cmd->mem, one->m->version,
					   one->m->name),
			 renumbering_label(cmd->mem, one->to, one->m->name));
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

static bool was_finished(const struct renumber *r, int64_t version)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->list[i].m->version == version)
			return true;
	return false;
}

/* What was asked for besides has not been done. */
static void tell_finished(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;
	char *rest = talloc_strdup(cmd->mem, "");

	cmd_say(cmd, "a renumber was cut off here, and is completed now");
	tell(r);
	for (size_t i = 0; i < r->version_count; i++) {
		char digits[VERSION_LENGTH + 1];

		if (!was_finished(r, r->versions[i]))
			rest = talloc_asprintf_append(
				rest, " %s",
				version_format(r->versions[i], digits));
	}
	if (*rest)
		cmd_hint(cmd, "not renumbered yet: git migrate renumber%s",
			 rest);
}

static int run(struct renumber *r)
{
	struct cmd *cmd = &r->cmd;
	bool found;

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
	if (renumbering_finish(r, &found) < 0)
		return -1;
	if (found) {
		tell_finished(r);
		return 0;
	}
	if (cmd_set_here(cmd, false, &r->here) < 0 || read_theirs(r) < 0 ||
	    plan(r) < 0)
		return -1;
	if (!r->count && !cmd->json) {
		say_nothing(r);
		return 0;
	}
	if (r->count && (renumbering_look(r) < 0 ||
			 (!r->dry_run && renumbering_carry_out(r) < 0)))
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
