#include "cmd/cmd.h"

#include "core/base/text.h"
#include "git/seen.h"

static char *place_of_url(struct cmd *cmd, const struct db_engine *engine,
			  const char *url)
{
	const char *top = cmd->repo->top ? cmd->repo->top : cmd->repo->git_dir;
	char *place = engine->place(cmd->mem, url, top);

	return place ? place : url_redact(cmd->mem, url);
}

static char *place_of(struct cmd *cmd, const struct db_engine *engine)
{
	return place_of_url(cmd, engine, cmd->target.url);
}

char *cmd_place(struct cmd *cmd)
{
	return place_of(cmd, cmd->db->engine);
}

int cmd_ledger(struct cmd *cmd, struct ledger **ledger)
{
	const struct db_engine *engine = cmd->db->engine;

	if (ledger_read(cmd->mem, cmd->db, ledger, &cmd->err) < 0)
		return -1;
	seen_write(cmd->repo, cmd_target_name(cmd), place_of(cmd, engine),
		   engine->capabilities & DB_FILE, cmd->target.protected_,
		   *ledger);
	return 0;
}

struct seen *cmd_seen(struct cmd *cmd)
{
	struct error ignored = { 0 };
	const struct db_engine *engine;
	struct seen *seen = NULL;

	if (config_target(cmd->mem, cmd->config, cmd->target_option,
			  &cmd->target, &ignored) == 0) {
		engine = db_engine_for(cmd->target.url, &ignored);
		if (engine && cmd->target.name)
			seen = seen_read(cmd->mem, cmd->repo, cmd->target.name,
					 place_of(cmd, engine));
	}
	error_release(&ignored);
	return seen;
}

static bool is_at(struct cmd *cmd, const struct seen *seen,
		  const struct target *target)
{
	struct error ignored = { 0 };
	const struct db_engine *engine = db_engine_for(target->url, &ignored);

	error_release(&ignored);
	return engine &&
	       seen_is_at(seen, place_of_url(cmd, engine, target->url));
}

bool cmd_seen_is_here(struct cmd *cmd, const struct seen *seen)
{
	/* by its name; the usual one may be a URL, which has none */
	const char *const choices[] = { seen->target, NULL };
	bool here = false;

	for (int i = 0; i < 2 && !here; i++) {
		struct error ignored = { 0 };
		struct target target;

		here = config_target(cmd->mem, cmd->config, choices[i], &target,
				     &ignored) == 0 &&
		       (i == 0 || !target.name) && is_at(cmd, seen, &target);
		error_release(&ignored);
	}
	return here;
}
