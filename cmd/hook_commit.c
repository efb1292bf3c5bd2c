#include <string.h>

#include "cmd/hook.h"

struct gate {
	struct cmd *cmd;
	struct set *index, *head;
	enum sql_dialect dialect;
	int64_t told; /* the last version that something was said about */
	int problems;
};

static void problem(struct gate *h)
{
	cmd_print_error(&h->cmd->err);
	error_release(&h->cmd->err);
	h->problems++;
}

/* Comments and strings differ a little between engines. */
static int find_dialect(struct gate *h)
{
	struct cmd *cmd = h->cmd;
	const struct db_engine *engine;

	if (config_target(cmd->mem, cmd->config, NULL, &cmd->target,
			  &cmd->err) < 0)
		return -1;
	engine = db_engine_for(cmd->target.url, &cmd->err);
	if (!engine)
		return -1;
	h->dialect = engine->dialect;
	return 0;
}

static bool same_blob(const struct half *a, const struct half *b)
{
	return a->blob && b->blob && !strcmp(a->blob, b->blob);
}

/* Whether this commit brings the script, or another text of it. */
static bool is_new(const struct gate *h, const struct migration *m,
		   enum direction direction)
{
	const struct migration *old = set_find(h->head, m->version);

	return m->half[direction].path &&
	       !(old && same_blob(&old->half[direction], &m->half[direction]));
}

static void check_script(struct gate *h, const struct migration *m,
			 enum direction direction)
{
	struct cmd *cmd = h->cmd;
	TALLOC_CTX *turn = talloc_new(NULL);
	const struct half *half = &m->half[direction];
	struct script *script;
	char *text;
	size_t length;

	if (cmd_read_blob(turn, half->blob, &text, &length, cmd, &cmd->err) <
		    0 ||
	    script_parse(turn, half->path, text, length, h->dialect, &script,
			 &cmd->err) < 0 ||
	    script_check_runnable(script, direction == DIRECTION_DOWN,
				  &cmd->err) < 0)
		problem(h);
	talloc_free(turn);
}

/* What stands in HEAD already is not this commit's fault. */
static void check_migration(struct gate *h, size_t i)
{
	const struct migration *m = &h->index->list[i];
	const struct migration *old = set_find(h->head, m->version);

	if (old && migration_same(old, m))
		return;
	if (set_check_at(h->index, i, &h->cmd->err) < 0) {
		if (h->told == m->version) /* said already */
			error_release(&h->cmd->err);
		else
			problem(h);
		h->told = m->version;
	}
	for (int d = DIRECTION_UP; d <= DIRECTION_DOWN; d++)
		if (is_new(h, m, (enum direction)d))
			check_script(h, m, (enum direction)d);
}

static int pre_commit(struct gate *h)
{
	struct cmd *cmd = h->cmd;
	bool changed;

	if (cmd_open_repo(cmd) < 0 ||
	    repo_index_changed(cmd->repo, cmd->dir, &changed, &cmd->err) < 0)
		return -1;
	if (!changed)
		return 0;
	if (find_dialect(h) < 0 ||
	    repo_set_index(cmd->mem, cmd->repo, cmd->dir, &h->index,
			   &cmd->err) < 0 ||
	    cmd_set_head(cmd, &h->head) < 0)
		return -1;
	for (size_t i = 0; i < h->index->count; i++)
		check_migration(h, i);
	if (h->problems)
		cmd_say(cmd, "the commit is refused: %d problem%s in '%s'",
			h->problems, h->problems == 1 ? "" : "s", cmd->dir);
	return 0;
}

int hook_commit(struct cmd *cmd)
{
	struct gate h = { .cmd = cmd };

	if (pre_commit(&h) < 0)
		return -1;
	return h.problems ? 1 : 0;
}
