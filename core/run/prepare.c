#include "core/run/runner_internal.h"

#include <string.h>

/* Scripts above this are read again when their turn comes. */
#define KEEP_BYTES ((size_t)1 << 20)

static int parse(TALLOC_CTX *mem, struct runner *runner, const char *path,
		 const char *blob, bool down, struct script **script,
		 struct error *err)
{
	char *text;
	size_t length;

	if (runner->read(mem, blob, &text, &length, runner->read_data, err) < 0)
		return -1;
	if (script_parse(mem, path, text, length, runner->db->engine->dialect,
			 script, err) < 0)
		return -1;
	return script_check_runnable(*script, down, err);
}

/* A recorded down script, when the file it came from has no name any more. */
static const char *recorded_path(TALLOC_CTX *mem, const struct plan_item *item)
{
	char version[VERSION_LENGTH + 1];

	return talloc_asprintf(mem, "%s_%s.down.sql (as recorded)",
			       version_format(item->version, version),
			       item->name);
}

static int irreversible_error(const struct plan_item *item,
			      const struct directive *why, struct error *err)
{
	char version[VERSION_LENGTH + 1];

	error_set(err, ERROR_REFUSED, "migration '%s_%s' is irreversible: %s",
		  version_format(item->version, version), item->name,
		  why->text);
	return error_hint(err, "to revert it with a script of your own: "
			       "git migrate down --from-file");
}

static int load_down(TALLOC_CTX *mem, struct runner *runner,
		     struct plan_item *item, struct error *err)
{
	const struct directive *irreversible;
	struct script *script;

	if (item->down_blob) { /* a file is to be used instead */
		if (parse(mem, runner, item->path, item->down_blob, true,
			  &script, err) < 0)
			return -1;
	} else {
		char *text;

		if (ledger_down_script(mem, runner->db, item->version, &text,
				       err) < 0)
			return -1;
		if (script_parse(
			    mem,
			    item->path ? item->path : recorded_path(mem, item),
			    text, strlen(text), runner->db->engine->dialect,
			    &script, err) < 0 ||
		    script_check_runnable(script, true, err) < 0)
			return -1;
	}
	irreversible = script_directive(script, DIRECTIVE_IRREVERSIBLE);
	if (irreversible)
		return irreversible_error(item, irreversible, err);
	item->script = script;
	return 0;
}

static int load_up(TALLOC_CTX *mem, struct runner *runner,
		   struct plan_item *item, struct error *err)
{
	struct script *down;

	if (parse(mem, runner, item->path, item->blob, false, &item->script,
		  err) < 0 ||
	    parse(mem, runner, item->down_path, item->down_blob, true, &down,
		  err) < 0)
		return -1;
	item->down_text = talloc_steal(mem, down->text);
	talloc_free(down);
	return 0;
}

static int load(TALLOC_CTX *mem, struct runner *runner, struct plan_item *item,
		struct error *err)
{
	return item->direction == DIRECTION_UP
		       ? load_up(mem, runner, item, err)
		       : load_down(mem, runner, item, err);
}

int runner_load(TALLOC_CTX *mem, struct runner *runner, struct plan_item *item,
		struct error *err)
{
	return item->script ? 0 : load(mem, runner, item, err);
}

static bool is_released(const struct plan_item *item, const int64_t *released,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (released[i] == item->version)
			return true;
	return false;
}

static bool is_held(TALLOC_CTX *mem, struct plan *plan,
		    const struct plan_item *item, const int64_t *released,
		    size_t released_count)
{
	const struct directive *hold = script_directive(item->script,
							DIRECTIVE_HOLD);
	char version[VERSION_LENGTH + 1];

	if (item->direction == DIRECTION_DOWN || !hold || item->resume ||
	    is_released(item, released, released_count))
		return false;
	plan->held_version = item->version;
	plan->held_label = talloc_asprintf(
		mem, "%s_%s", version_format(item->version, version),
		item->name);
	plan->held_why = talloc_strdup(mem, hold->text);
	return true;
}

static void expect_blobs(const struct runner *runner, const struct plan *plan)
{
	for (size_t i = 0; runner->expect && i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];

		if (item->direction == DIRECTION_UP)
			runner->expect(item->blob, runner->read_data);
		if (item->down_blob)
			runner->expect(item->down_blob, runner->read_data);
	}
}

int runner_prepare(TALLOC_CTX *mem, struct runner *runner, struct plan *plan,
		   const int64_t *released, size_t released_count,
		   struct error *err)
{
	expect_blobs(runner, plan);
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];

		if (load(mem, runner, item, err) < 0)
			return -1;
		if (is_held(mem, plan, item, released, released_count)) {
			plan->count = i;
			return 0;
		}
		if (item->script->length > KEEP_BYTES ||
		    (item->down_text && strlen(item->down_text) > KEEP_BYTES)) {
			talloc_free(item->script);
			talloc_free((void *)(uintptr_t)item->down_text);
			item->script = NULL;
			item->down_text = NULL;
		}
	}
	return 0;
}

static int check_syntax(TALLOC_CTX *turn, struct runner *runner,
			const struct plan_item *planned, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;
	struct plan_item item = *planned;
	size_t n;

	if (runner_load(turn, runner, &item, err) < 0 ||
	    (!item.script->statements && engine->split(item.script, err) < 0))
		return -1;
	if (engine->check_syntax(runner->db, item.script, &n, err) == 0)
		return 0;
	script_excerpt(item.script, n, err);
	runner_label_failure(planned, err);
	return -1;
}

int runner_check_syntax(struct runner *runner, const struct plan_item *item,
			struct error *err)
{
	TALLOC_CTX *turn;
	int result;

	if (!runner->db->engine->check_syntax)
		return 0;
	turn = talloc_new(NULL);
	result = check_syntax(turn, runner, item, err);
	talloc_free(turn);
	return result;
}
