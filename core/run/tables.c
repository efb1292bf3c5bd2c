#include "core/run/runner_internal.h"

#include <string.h>

static void add(TALLOC_CTX *mem, const char *name, const char ***names,
		size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if (!strcmp((*names)[i], name))
			return;
	*names = talloc_realloc(mem, *names, const char *,
				(unsigned)*count + 1);
	(*names)[(*count)++] = talloc_strdup(mem, name);
}

int runner_tables(TALLOC_CTX *mem, struct runner *runner,
		  const struct plan_item *planned, const char ***names,
		  size_t *count, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;
	TALLOC_CTX *turn = talloc_new(NULL);
	struct plan_item item = *planned;
	int result = runner_load(turn, runner, &item, err);

	if (result == 0 && !item.script->statements)
		result = engine->split(item.script, err);
	if (result == 0 && engine->foresee)
		engine->foresee(runner->db, item.script);
	for (size_t n = 0; result == 0 && n < item.script->statement_count;
	     n++) {
		const struct statement *s = &item.script->statements[n];

		for (size_t i = 0; i < s->relation_count; i++)
			add(mem, s->relations[i], names, count);
	}
	talloc_free(turn);
	return result;
}
