#include "cmd/demand.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/* More versions than that are not written into a command to type. */
#define MOST_NAMED 5
/* A proof ran on data of the same order when it had this part of the rows. */
#define ENOUGH_ROWS 10

/* One migration of the plan, and its proof. */
struct demanded {
	const struct plan_item *item;
	const struct proof *best; /* or NULL */
	const char *lacks;	  /* why it is not good enough, or NULL */
};

struct demand {
	struct session *s;
	struct demanded *list;
	size_t count, lacking;
	int64_t most_rows;
	/* the tables that the plan touches, with the target's rows */
	struct db_count *tables;
	size_t table_count;
};

/* --- the proofs ----------------------------------------------------------- */

static const char *stale_text(struct demand *d, const struct migration *m,
			      const struct proof *best, const char *history)
{
	TALLOC_CTX *mem = d->s->cmd.mem;
	const struct db *db = d->s->cmd.db;
	const char *texts[PROOF_CHANGES];
	int n = proof_changes(mem, best, m, history, db->engine->name,
			      db->major, texts);
	char *out = talloc_strdup(mem, "its proof is stale: ");

	for (int i = 0; i < n; i++)
		out = talloc_asprintf_append(out, "%s%s", i ? ", " : "",
					     texts[i]);
	return out;
}

static const char *judge(struct demand *d, const struct proofs *proofs,
			 const struct migration *m, const char *history,
			 const struct proof **best)
{
	const struct db *db = d->s->cmd.db;
	enum proof_state state = proofs_judge(
		proofs, m, history, db->engine->name, db->major, best);

	if (state == PROOF_VALID || (state == PROOF_NONE && *best &&
				     (*best)->outcome == PROOF_IRREVERSIBLE))
		return NULL;
	if (state == PROOF_STALE)
		return stale_text(d, m, *best, history);
	if (*best)
		return talloc_asprintf(d->s->cmd.mem,
				       "its proof ended with: %s",
				       proof_outcome_name((*best)->outcome));
	return "it was never proven";
}

/* What was begun is gone on with in any case. */
static int judge_all(struct demand *d, const struct plan *plan)
{
	struct cmd *cmd = &d->s->cmd;
	struct proofs *proofs;
	const char **histories = proof_histories(cmd->mem, d->s->here);

	if (cmd_proofs(cmd, &proofs) < 0)
		return -1;
	d->list = talloc_zero_array(cmd->mem, struct demanded,
				    (unsigned)plan->count + 1);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];
		const struct migration *m = item->entry ? item->entry->here
							: NULL;
		struct demanded *one;

		if (!m || item->resume != RESUME_NOT)
			continue;
		one = &d->list[d->count++];
		one->item = item;
		one->lacks = judge(d, proofs, m,
				   histories[m - d->s->here->list], &one->best);
		d->lacking += one->lacks != NULL;
	}
	return 0;
}

/* 0: nothing is asked for here. */
static int look(struct demand *d, const struct plan *plan)
{
	struct cmd *cmd = &d->s->cmd;
	bool wanted;

	if (!cmd->target.protected_)
		return 0;
	if (config_bool(cmd->config, "migrate.requireproof", true, &wanted,
			&cmd->err) < 0)
		return -1;
	if (!wanted || !plan->count)
		return 0;
	return judge_all(d, plan) < 0 ? -1 : 1;
}

/* --- saying no ------------------------------------------------------------ */

static char *label(struct demand *d, const struct demanded *one)
{
	return migration_label(d->s->cmd.mem, one->item->entry->here);
}

static char *prove_command(struct demand *d, const struct demanded *only)
{
	const struct cmd *cmd = &d->s->cmd;
	char *text = talloc_strdup(cmd->mem, "git migrate prove");
	char version[VERSION_LENGTH + 1];

	if (cmd->target_option)
		text = talloc_asprintf_append(
			text, " --target '%s'",
			strstr(cmd->target_option, "://")
				? url_redact(cmd->mem, cmd->target_option)
				: cmd->target_option);
	for (size_t i = 0; i < d->count; i++)
		if (only ? &d->list[i] == only
			 : d->list[i].lacks && d->lacking <= MOST_NAMED)
			text = talloc_asprintf_append(
				text, " %s",
				version_format(d->list[i].item->version,
					       version));
	return text;
}

static int refuse(struct demand *d)
{
	struct cmd *cmd = &d->s->cmd;
	char *lines = talloc_strdup(cmd->mem, ""), *subject = NULL;

	for (size_t i = 0; i < d->count; i++) {
		if (!d->list[i].lacks)
			continue;
		subject = label(d, &d->list[i]);
		lines = talloc_asprintf_append(lines, "%s%s: %s",
					       *lines ? "\n" : "", subject,
					       d->list[i].lacks);
	}
	if (d->lacking == 1)
		error_set(&cmd->err, ERROR_REFUSED,
			  "target '%s' is protected, and migration '%s' has no "
			  "valid proof",
			  cmd_target_name(cmd), subject);
	else
		error_set(&cmd->err, ERROR_REFUSED,
			  "target '%s' is protected, and %zu migrations have "
			  "no valid proof",
			  cmd_target_name(cmd), d->lacking);
	error_detail(&cmd->err, "%s", lines);
	error_hint(&cmd->err, "prove that the rollback works: %s",
		   prove_command(d, NULL));
	if (!cmd_may_scratch(cmd))
		error_hint(&cmd->err, "not on its own server: git config "
				      "migrate.scratchUrl URL");
	return -1;
}

/* --- how much data they ran on -------------------------------------------- */

static int name_tables(struct demand *d)
{
	struct cmd *cmd = &d->s->cmd;
	const char **names = NULL;
	size_t count = 0;

	for (size_t i = 0; i < d->count; i++)
		if (runner_tables(cmd->mem, &d->s->runner, d->list[i].item,
				  &names, &count, &cmd->err) < 0)
			return -1;
	d->tables = talloc_zero_array(cmd->mem, struct db_count,
				      (unsigned)count + 1);
	for (; d->table_count < count; d->table_count++)
		d->tables[d->table_count] = (struct db_count){
			.table = names[d->table_count],
			.rows = -1,
		};
	return 0;
}

/* Best effort: what cannot be counted is no reason for a warning. */
static int count_tables(struct demand *d)
{
	struct cmd *cmd = &d->s->cmd;
	const struct db_engine *engine = cmd->db->engine;
	int result = 0;

	if (!d->table_count)
		return 0;
	if (engine->count_tables)
		result = engine->count_tables(cmd->db, d->tables,
					      d->table_count, d->most_rows,
					      &cmd->err);
	for (size_t i = 0;
	     !engine->count_tables && result == 0 && i < d->table_count; i++)
		result = engine->count_rows(cmd->db, d->tables[i].table,
					    d->most_rows, &d->tables[i].rows,
					    &d->tables[i].estimated, &cmd->err);
	if (result < 0 && cmd->err.code == ERROR_INTERRUPTED)
		return -1;
	error_release(&cmd->err);
	return 0;
}

static bool touches(const struct proof *proof, const char *table)
{
	const struct timing *t = proof->timing[DIRECTION_UP];

	for (size_t i = 0; t && i < t->table_count; i++)
		if (!strcmp(t->tables[i].name, table))
			return true;
	return false;
}

static void warn_about(struct demand *d, const struct demanded *one)
{
	struct cmd *cmd = &d->s->cmd;

	for (size_t i = 0; i < d->table_count; i++) {
		const struct db_count *c = &d->tables[i];
		int64_t had = timing_rows(one->best->timing[DIRECTION_UP],
					  c->table);

		if (c->rows <= d->most_rows || had >= c->rows / ENOUGH_ROWS ||
		    !touches(one->best, c->table))
			continue;
		cmd_warning("the proof of '%s' ran on %s rows of %s, which has "
			    "%s%s on '%s'",
			    label(d, one),
			    text_thousands(cmd->mem, had < 0 ? 0 : had),
			    c->table, c->estimated ? "~" : "",
			    text_thousands(cmd->mem, c->rows),
			    cmd_target_name(cmd));
		cmd_hint(cmd, "prove it on as many: %s --from-backup FILE",
			 prove_command(d, one));
	}
}

static int warn_about_rows(struct demand *d)
{
	struct cmd *cmd = &d->s->cmd;

	if (config_int(cmd->config, "migrate.proofrows", PROOF_ROWS,
		       &d->most_rows, &cmd->err) < 0)
		return -1;
	if (name_tables(d) < 0 || count_tables(d) < 0)
		return -1;
	for (size_t i = 0; i < d->count; i++)
		if (d->list[i].best)
			warn_about(d, &d->list[i]);
	return 0;
}

/* -------------------------------------------------------------------------- */

int demand_proofs(struct session *s, const struct plan *plan)
{
	struct demand d = { .s = s };
	int result = look(&d, plan);

	if (result <= 0)
		return result;
	return d.lacking ? refuse(&d) : warn_about_rows(&d);
}

int demand_preview(struct session *s, const struct plan *plan)
{
	struct demand d = { .s = s };

	if (look(&d, plan) < 0)
		return -1;
	if (d.lacking && !s->cmd.json)
		printf("would ask for a valid proof of %zu migration%s: %s\n",
		       d.lacking, d.lacking == 1 ? "" : "s",
		       prove_command(&d, NULL));
	return 0;
}
