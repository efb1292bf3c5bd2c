#include "cmd/entering.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/proven.h"

bool branch_is_protected(const struct cmd *cmd, const char *branch)
{
	const char *patterns = config_get(cmd->config,
					  "migrate.protectedbranch");
	char *copy = talloc_strdup(NULL, patterns ? patterns : "");
	char *rest = copy, *pattern;
	bool found = false;

	while (!found && (pattern = strsep(&rest, " \t")) != NULL)
		found = *pattern && fnmatch(pattern, branch, 0) == 0;
	talloc_free(copy);
	return found;
}

int proof_is_required(struct cmd *cmd, bool *required)
{
	return config_bool(cmd->config, "migrate.requireproof", true, required,
			   &cmd->err);
}

/* In the folder that its .gitmigrate names: that may be renamed on the way. */
static int set_at(struct entering *e, const char *commit, struct set **set)
{
	struct cmd *cmd = e->cmd;
	struct config *config;
	const char *dir;

	*set = set_new(cmd->mem);
	if (!commit)
		return 0;
	if (cmd_config_at(cmd, commit, &config, &dir) < 0) {
		/* what was there may be what is put right */
		if (!strcmp(commit, e->tip))
			return -1;
		error_release(&cmd->err);
		dir = cmd->dir;
	}
	return repo_set_commit_lenient(cmd->mem, cmd->repo, commit, dir, set,
				       &cmd->err);
}

static bool has_problem(const struct set *set, const char *problem)
{
	for (size_t i = 0; i < set->problem_count; i++)
		if (!strcmp(set->problems[i], problem))
			return true;
	return false;
}

static void add_problems(struct entering *e, const struct set *now,
			 const struct set *before)
{
	for (size_t i = 0; i < now->problem_count; i++) {
		struct error err = { 0 };

		if (has_problem(before, now->problems[i]))
			continue;
		error_set(&err, ERROR_REFUSED, "%s", now->problems[i]);
		error_hint(&err, "a script is a file called "
				 "VERSION_NAME.up.sql or "
				 "VERSION_NAME.down.sql, with a version of 14 "
				 "digits");
		gate_add(e->cmd->mem, &e->gate, GATE_PAIR, false, &err);
	}
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* What targets have of the versions that are not as they were. */
static void add_targets(struct entering *e)
{
	const struct set *now = e->gate.now, *before = e->gate.before;
	int64_t *versions =
		talloc_array(e->cmd->mem, int64_t,
			     (unsigned)(now->count + before->count + 1));
	size_t count = 0;

	for (size_t i = 0; i < now->count; i++) {
		const struct migration *m = &now->list[i];
		const struct migration *old = set_find(before, m->version);

		if (!old || !migration_same(old, m))
			versions[count++] = m->version;
	}
	for (size_t i = 0; i < before->count; i++)
		if (!set_find(now, before->list[i].version))
			versions[count++] = before->list[i].version;
	if (!count)
		return;
	qsort(versions, count, sizeof(*versions), by_number);
	gate_add_seen(e->cmd, &e->gate, versions, count);
}

static char *lacks(struct entering *e, struct proven *proven,
		   const struct migration *m, const struct proof *best,
		   enum proof_state state)
{
	const char *texts[PROOF_CHANGES];
	TALLOC_CTX *mem = e->cmd->mem;
	char *out;
	int n;

	if (state == PROOF_VALID || (state == PROOF_NONE && best &&
				     best->outcome == PROOF_IRREVERSIBLE))
		return NULL;
	if (state == PROOF_NONE)
		return best ? talloc_asprintf(mem, "its proof ended with: %s",
					      proof_outcome_name(best->outcome))
			    : talloc_strdup(mem, "its rollback was never "
						 "proven");
	n = proof_changes(mem, best, m,
			  proven->histories[m - proven->set->list], NULL, 0,
			  texts);
	out = talloc_strdup(mem, "its proof is stale: ");
	for (int i = 0; i < n; i++)
		out = talloc_asprintf_append(out, "%s%s", i ? ", " : "",
					     texts[i]);
	return out;
}

static void no_proof(struct entering *e, const struct migration *m,
		     const char *why)
{
	struct error err = { 0 };
	char version[VERSION_LENGTH + 1];

	error_set(&err, ERROR_REFUSED, "migration '%s' has no valid proof: %s",
		  migration_label(e->cmd->mem, m), why);
	error_at(&err, m->half[DIRECTION_UP].path, 0, 0);
	error_hint(&err, "prove it: git migrate prove %s",
		   version_format(m->version, version));
	if (e->receives)
		error_hint(&err, "a proof that was made already has to be "
				 "sent: git migrate notes push");
	error_hint(&err, "if it is proven elsewhere, have the proofs here: git "
			 "migrate notes fetch");
	gate_add(e->cmd->mem, &e->gate, GATE_PROOF, false, &err);
}

static int check_proofs(struct entering *e)
{
	const struct set *now = e->gate.now;
	struct proven proven = { 0 };

	for (size_t i = 0; e->proof && i < now->count; i++) {
		const struct migration *m = &now->list[i];
		const struct proof *best;
		enum proof_state state;
		char *why;

		if (!m->half[DIRECTION_UP].path ||
		    !m->half[DIRECTION_DOWN].path || !gate_is_new(&e->gate, m))
			continue;
		if (!proven.set)
			proven_init(&proven, e->cmd, e->notes, now);
		if (proven_judge(&proven, m, &state, &best) < 0)
			return -1;
		why = lacks(e, &proven, m, best, state);
		if (why)
			no_proof(e, m, why);
	}
	return 0;
}

static int64_t newest_of(const struct set *set)
{
	return set->count ? set->list[set->count - 1].version : -1;
}

int entering_check(struct entering *e)
{
	struct gate *gate = &e->gate;
	struct set *before, *now, *there;
	struct gate_other other = { .name = e->name, .revision = e->revision };

	if (set_at(e, e->base, &before) < 0 || set_at(e, e->tip, &now) < 0)
		return -1;
	gate->before = before;
	gate->now = now;
	gate->order = e->order;
	add_problems(e, now, before);
	if (e->there) {
		if (set_at(e, e->there, &there) < 0)
			return -1;
		other.set = there;
		other.newest = newest_of(there);
		gate_add_other(e->cmd, gate, &other);
	}
	add_targets(e);
	gate->latest = gate_latest();
	gate_check(e->cmd->mem, gate);
	return gate_texts(e->cmd, gate) < 0 ? -1 : check_proofs(e);
}
