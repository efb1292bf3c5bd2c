#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/derived.h"
#include "cmd/hook.h"
#include "cmd/proven.h"
#include "git/message.h"
#include "git/staged.h"

/* A commit with more than these is an import: a list helps nobody. */
#define MOST_NAMED 20

#define MIGRATION "Migration"
#define TESTED "Rollback-tested"

/* git gives a path from where the hook runs. */
static char *message_file(struct cmd *cmd, int argc, char **argv)
{
	char *real = argc ? realpath(argv[0], NULL) : NULL, *file;

	if (!real) {
		if (argc)
			error_set(&cmd->err, ERROR_FAILED,
				  "unable to read the message '%s': %s",
				  argv[0], strerror(errno));
		else
			error_set(&cmd->err, ERROR_USAGE,
				  "the hook needs the message's file");
		return NULL;
	}
	file = talloc_strdup(cmd->mem, real);
	free(real);
	return file;
}

/* --- prepare-commit-msg --------------------------------------------------- */

struct adding {
	struct cmd *cmd;
	const char **list;
	size_t count;
};

static void add(struct adding *a, const char *key, const char *value)
{
	a->list = talloc_realloc(a->cmd->mem, a->list, const char *,
				 (unsigned)a->count + 1);
	a->list[a->count++] = talloc_asprintf(a->cmd->mem, "%s: %s", key,
					      value);
}

static bool is_brought(const struct staged *staged, const struct migration *m)
{
	const struct migration *old = set_find(staged->before, m->version);

	return !old || !migration_same(old, m);
}

/* All of the index is read only where there is a proof to be judged. */
static int load_all(struct cmd *cmd, struct proven *proven)
{
	struct set *all;

	if (proven->set)
		return 0;
	if (repo_set_index(cmd->mem, cmd->repo, cmd->dir, &all, &cmd->err) < 0)
		return -1;
	proven_init(proven, cmd, NULL, all);
	return 0;
}

static int add_migration(struct adding *a, struct proven *proven,
			 const struct migration *m)
{
	const struct migration *whole;
	const struct proof *proof;
	enum proof_state state;
	bool has_proofs;

	add(a, MIGRATION, migration_label(a->cmd->mem, m));
	if (proven_has(a->cmd, m, &has_proofs) < 0)
		return -1;
	if (!has_proofs)
		return 0;
	if (load_all(a->cmd, proven) < 0)
		return -1;
	whole = set_find(proven->set, m->version);
	if (!whole || !migration_same(whole, m))
		return 0;
	if (proven_judge(proven, whole, &state, &proof) < 0)
		return -1;
	if (state == PROOF_VALID)
		add(a, TESTED, proven_text(a->cmd->mem, m, proof));
	return 0;
}

static void add_links(struct adding *a)
{
	struct cmd *cmd = a->cmd;
	const char *thread = config_get(cmd->config, "migrate.thread");
	const char *task = NULL;

	if (cmd->repo->branch)
		task = config_get(cmd->config,
				  talloc_asprintf(cmd->mem, "branch.%s.task",
						  cmd->repo->branch));
	if (!task)
		task = config_get(cmd->config, "migrate.task");
	if (task && *task && !strpbrk(task, "\r\n"))
		add(a, "Task", task);
	if (thread && strstr(thread, "://") && !strpbrk(thread, "\r\n"))
		add(a, "Thread", thread);
}

/* `git commit --amend`, but for -m and the like, of which git says nothing. */
static bool is_amending(int argc, char **argv)
{
	return argc > 2 && !strcmp(argv[1], "commit") &&
	       !strcmp(argv[2], "HEAD");
}

/* What HEAD brings, and not as one of several parents; false: it cannot be
   said. Where a shallow clone ends, parents are missing. */
static bool find_amended(struct cmd *cmd, struct staged *amended)
{
	struct error ignored = { 0 };
	char *parent;
	bool found = repo_resolve(cmd->mem, cmd->repo, "HEAD^2", &parent,
				  &ignored) < 0;

	error_release(&ignored);
	amended->before = set_new(cmd->mem);
	if (found &&
	    repo_resolve(cmd->mem, cmd->repo, "HEAD^", &parent, &ignored) == 0)
		found = repo_set_commit_lenient(cmd->mem, cmd->repo, parent,
						cmd->dir, &amended->before,
						&ignored) == 0;
	else if (cmd->repo->shallow)
		found = false;
	error_release(&ignored);
	found = found &&
		repo_set_commit_lenient(cmd->mem, cmd->repo, "HEAD", cmd->dir,
					&amended->now, &ignored) == 0;
	error_release(&ignored);
	return found;
}

static bool names(const struct trailers *trailers, const char *label)
{
	for (size_t i = 0; i < trailers->count; i++)
		if (!strcasecmp(trailers->list[i].key, MIGRATION) &&
		    !strcmp(trailers->list[i].value, label))
			return true;
	return false;
}

/* `git commit --amend -m` has lost them, and the next one without -m brings
   them back. What is staged has been told of. */
static int add_lost(struct adding *a, struct proven *proven,
		    const struct staged *staged)
{
	struct cmd *cmd = a->cmd;
	struct staged amended = { 0 };
	struct trailers trailers;

	if (!find_amended(cmd, &amended))
		return 0;
	message_trailers_of(cmd->mem, cmd->repo, "HEAD", &trailers);
	if (amended.now->count > amended.before->count + MOST_NAMED)
		return 0;
	for (size_t i = 0; i < amended.now->count; i++) {
		const struct migration *m = &amended.now->list[i];
		bool told = staged->changed &&
			    (set_find(staged->before, m->version) ||
			     set_find(staged->now, m->version));

		if (told || !is_brought(&amended, m) ||
		    names(&trailers, migration_label(cmd->mem, m)))
			continue;
		if (add_migration(a, proven, m) < 0)
			return -1;
	}
	return 0;
}

int hook_prepare_message(struct cmd *cmd, int argc, char **argv)
{
	struct adding a = { .cmd = cmd };
	struct staged staged;
	struct proven proven = { 0 };
	char *file = message_file(cmd, argc, argv);

	/* a merge repeats what its commits say */
	if (!file || (argc > 1 && !strcmp(argv[1], "merge")))
		return file ? 0 : -1;
	cmd->stages = true;
	if (cmd_open_repo(cmd) < 0 ||
	    staged_end(cmd->mem, cmd->staging, &staged, &cmd->err) < 0)
		return -1;
	if (staged.changed && staged.now->count <= MOST_NAMED)
		for (size_t i = 0; i < staged.now->count; i++)
			if (is_brought(&staged, &staged.now->list[i]) &&
			    add_migration(&a, &proven, &staged.now->list[i]) <
				    0)
				return -1;
	if (is_amending(argc, argv) && add_lost(&a, &proven, &staged) < 0)
		return -1;
	if (!a.count)
		return 0;
	add_links(&a);
	return message_add_trailers(cmd->repo, file, a.list, a.count,
				    &cmd->err);
}

/* --- commit-msg ----------------------------------------------------------- */

static bool is_key(const struct trailer *t, const char *key)
{
	return !strcasecmp(t->key, key);
}

/* Whether a commit that this one is made from says just that already. */
static bool is_inherited(struct cmd *cmd, const struct trailer *wanted)
{
	static const char *const sources[] = { "HEAD", "CHERRY_PICK_HEAD",
					       "REBASE_HEAD", "MERGE_HEAD" };
	struct trailers there;

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		message_trailers_of(cmd->mem, cmd->repo, sources[i], &there);
		for (size_t k = 0; k < there.count; k++)
			if (is_key(&there.list[k], wanted->key) &&
			    !strcmp(there.list[k].value, wanted->value))
				return true;
	}
	return false;
}

/* The migration that a trailer speaks of. */
static struct migration *find_label(TALLOC_CTX *mem, const struct set *set,
				    const char *value)
{
	char *digits = talloc_strndup(mem, value, VERSION_LENGTH);
	struct migration *m;
	int64_t version;
	size_t length;

	if (version_parse(digits, &version) < 0)
		return NULL;
	m = set_find(set, version);
	if (!m)
		return NULL;
	length = VERSION_LENGTH + 1 + strlen(m->name);
	if (strncmp(value, migration_label(mem, m), length) != 0 ||
	    (value[length] && value[length] != ','))
		return NULL;
	return m;
}

/* 0: it is true; 1: it is not, and cmd->err says so. */
static int check_tested(struct cmd *cmd, struct proven *proven,
			const struct trailer *t)
{
	const struct migration *m = find_label(cmd->mem, proven->set, t->value);
	const struct proof *proof = NULL;
	enum proof_state state = PROOF_NONE;

	if (m && proven_judge(proven, m, &state, &proof) < 0)
		return -1;
	if (state == PROOF_VALID &&
	    !strcmp(proven_text(cmd->mem, m, proof), t->value))
		return 0;
	error_set(&cmd->err, ERROR_REFUSED,
		  "the trailer '%s: %s' has no valid proof behind it", TESTED,
		  t->value);
	if (m)
		error_hint(&cmd->err, "prove it: git migrate prove %.14s",
			   t->value);
	error_hint(&cmd->err, "take the line out: the hook writes it itself, "
			      "where there is a proof");
	return 1;
}

static int check_trailers(struct cmd *cmd, const struct trailers *trailers)
{
	struct proven proven = { 0 };
	int problems = 0;

	for (size_t i = 0; i < trailers->count; i++) {
		const struct trailer *t = &trailers->list[i];
		int bad;

		if (!is_key(t, TESTED) || is_inherited(cmd, t))
			continue;
		if (load_all(cmd, &proven) < 0)
			return -1;
		bad = check_tested(cmd, &proven, t);
		if (bad < 0)
			return -1;
		if (bad) {
			cmd_print_error(&cmd->err);
			error_release(&cmd->err);
		}
		problems += bad;
	}
	return problems;
}

static bool begins_with_key(const char *line, const char *key)
{
	size_t length = strlen(key);

	return !strncasecmp(line, key, length) &&
	       line[length + strspn(line + length, " \t")] == ':';
}

/* The trailer that comes first of those that we add; a person may well write
   "Migration: add a column" as a subject. */
static bool is_our_line(const char *line)
{
	const size_t key = strlen(MIGRATION ": ");

	return !strncmp(line, MIGRATION ": ", key) &&
	       strspn(line + key, "0123456789") == VERSION_LENGTH &&
	       line[key + VERSION_LENGTH] == '_';
}

/*
 * A look at the lines, without git: whether a proof is claimed; and whether the
 * first line is a trailer of ours, which must not make a message of an empty
 * one, with which a person gives the commit up.
 */
static void look(char *text, bool *claims, bool *is_empty)
{
	bool first = true;
	char *line;

	*claims = *is_empty = false;
	while ((line = strsep(&text, "\n")) != NULL) {
		*claims |= begins_with_key(line, TESTED);
		if (!first || !line[strspn(line, " \t\r")] || *line == '#')
			continue;
		first = false;
		*is_empty = is_our_line(line);
	}
}

int hook_message(struct cmd *cmd, int argc, char **argv)
{
	struct trailers trailers;
	char *file = message_file(cmd, argc, argv), *text;
	bool claims, is_empty;
	size_t length;
	int problems;

	if (!file || derived_read(cmd, file, &text, &length) < 0)
		return -1;
	look(text, &claims, &is_empty);
	if (is_empty)
		return error_set(&cmd->err, ERROR_REFUSED,
				 "the commit has no message, only trailers");
	if (!claims)
		return 0;
	if (cmd_open_repo(cmd) < 0 ||
	    message_trailers(cmd->mem, cmd->repo, file, &trailers, &cmd->err) <
		    0)
		return -1;
	problems = check_trailers(cmd, &trailers);
	return problems < 0 ? -1 : problems > 0;
}
