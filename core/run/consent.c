#include "core/run/consent.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/text.h"
#include "core/run/runner_internal.h"
#include "core/sql/loss.h"

/* --- losses --------------------------------------------------------------- */

static void add_loss(TALLOC_CTX *mem, struct consent *c,
		     const struct plan_item *item, const struct script *script,
		     const struct statement *s, const struct loss *loss)
{
	char version[VERSION_LENGTH + 1];
	struct consent_loss *l;
	int line, column;

	text_position(script->text, script->length, s->offset, &line, &column);
	c->losses = talloc_realloc(mem, c->losses, struct consent_loss,
				   (unsigned)c->loss_count + 1);
	l = &c->losses[c->loss_count++];
	l->version = item->version;
	l->label = talloc_asprintf(mem, "%s_%s",
				   version_format(item->version, version),
				   item->name);
	l->place = talloc_asprintf(mem, "%s:%d", script->path, line);
	l->what = loss_text(mem, loss);
	l->table = talloc_strdup(mem, loss->kind == LOSS_TABLE && !loss->table
					      ? loss->name
					      : loss->table);
}

/* Widening a type is no loss: only the database knows what it is now. */
static bool keeps_all(struct db *db, const struct loss *loss)
{
	return loss->kind == LOSS_NARROWED && loss->to && db->engine->widens &&
	       db->engine->widens(db, loss);
}

/* What the first `done` statements destroyed is gone, what they made is there.
 */
static void add_script(TALLOC_CTX *mem, struct consent *c, struct db *db,
		       const struct plan_item *item,
		       const struct script *script, size_t done)
{
	for (size_t n = 0; n < script->statement_count; n++) {
		const struct statement *s = &script->statements[n];

		for (size_t i = 0; i < s->loss_count; i++)
			if (loss_next(c->made, &s->losses[i]) && n >= done &&
			    !keeps_all(db, &s->losses[i]))
				add_loss(mem, c, item, script, s,
					 &s->losses[i]);
	}
	loss_end_script(c->made);
	c->runs = true;
}

static int split(struct db *db, struct script *script, struct error *err)
{
	return script->statements ? 0 : db->engine->split(script, err);
}

static void begin(TALLOC_CTX *mem, struct consent *c, const struct db *db)
{
	if (!c->made)
		c->made = loss_made_new(mem, db->engine->dialect);
}

/* How much of a script that goes on is done. */
static size_t statements_done(const struct plan_item *item)
{
	const struct ledger_row *row = item->entry ? item->entry->row : NULL;

	if (item->resume == RESUME_NOT || !row)
		return 0;
	return (size_t)row->done + (item->resume == RESUME_SKIP);
}

int consent_add(TALLOC_CTX *mem, struct consent *c, struct runner *runner,
		const struct plan *plan, struct error *err)
{
	begin(mem, c, runner->db);
	for (size_t i = 0; i < plan->count; i++) {
		/* what was too large to keep is not kept now, either */
		struct plan_item item = plan->items[i];
		TALLOC_CTX *turn = talloc_new(NULL);
		int result = runner_load(turn, runner, &item, err);

		if (result == 0)
			result = split(runner->db, item.script, err);
		if (result == 0)
			add_script(mem, c, runner->db, &item, item.script,
				   statements_done(&item));
		talloc_free(turn);
		if (result < 0)
			return -1;
	}
	return 0;
}

int consent_add_downs(TALLOC_CTX *mem, struct consent *c, struct runner *runner,
		      const struct plan *plan, struct error *err)
{
	begin(mem, c, runner->db);
	for (size_t i = plan->count; i--;) {
		const struct plan_item *item = &plan->items[i];
		TALLOC_CTX *turn = talloc_new(NULL);
		struct script *script;
		size_t length;
		char *text;
		int result = runner->read(turn, item->down_blob, &text, &length,
					  runner->read_data, err);

		if (result == 0)
			result = script_parse(
				turn, item->down_path, text, length,
				runner->db->engine->dialect, &script, err);
		if (result == 0)
			result = split(runner->db, script, err);
		if (result == 0)
			add_script(mem, c, runner->db, item, script, 0);
		talloc_free(turn);
		if (result < 0)
			return -1;
	}
	return 0;
}

size_t consent_versions(TALLOC_CTX *mem, const struct consent *c,
			int64_t **versions)
{
	size_t count = 0;

	*versions = talloc_array(mem, int64_t, (unsigned)c->loss_count + 1);
	for (size_t i = 0; i < c->loss_count; i++) {
		size_t k = 0;

		while (k < count && (*versions)[k] != c->losses[i].version)
			k++;
		if (k == count)
			(*versions)[count++] = c->losses[i].version;
	}
	return count;
}

/* --- the backup ----------------------------------------------------------- */

static bool is_young(const struct consent *c, const struct backup *b)
{
	int64_t taken = text_time_parse(b->started_at);

	return taken && c->now_us - taken < c->max_age_ms * 1000;
}

/* One that was made on this machine has to be there still. */
static bool is_there(const struct consent *c, const struct backup *b)
{
	struct stat st;

	if (strcmp(b->host, c->host) != 0)
		return true;
	return stat(b->path, &st) == 0 && st.st_size == b->bytes;
}

int consent_backup(TALLOC_CTX *mem, struct consent *c, struct db *db,
		   struct error *err)
{
	struct backup **list;
	size_t count;

	if (c->rule == CONSENT_NEVER || !c->runs ||
	    (c->rule == CONSENT_DESTRUCTIVE && !c->loss_count))
		return 0;
	if (backups_read(mem, db, &list, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count && !c->good; i++) {
		const struct backup *b = list[i];

		if (!is_young(c, b) || !is_there(c, b))
			continue;
		if (b->verified_at)
			c->good = b;
		else if (!b->failure && !c->near && !strcmp(b->host, c->host))
			c->near = b;
	}
	c->needs_backup = !c->good;
	return 0;
}
