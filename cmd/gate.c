#include "cmd/gate.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/scaffold/place.h"
#include "git/seen.h"

void gate_add_other(struct cmd *cmd, struct gate *gate,
		    const struct gate_other *other)
{
	struct gate_other *list = talloc_array(cmd->mem, struct gate_other,
					       (unsigned)gate->other_count + 1);

	if (gate->other_count)
		memcpy(list, gate->others, gate->other_count * sizeof(*list));
	list[gate->other_count++] = *other;
	gate->others = list;
}

void gate_add_seen(struct cmd *cmd, struct gate *gate, const int64_t *versions,
		   size_t count)
{
	struct seen **list;
	size_t n = seen_read_all(cmd->mem, cmd->repo, &list);

	for (size_t i = 0; i < n; i++) {
		const struct set *set = seen_set(cmd->mem, list[i], cmd->dir,
						 versions, count);
		const struct gate_other other = {
			.name = list[i]->target,
			.set = set,
			.newest = -1,
			.target = true,
			.protected_ = list[i]->protected_,
		};

		/* other work trees, and URLs from before, have databases of
		   their own under the same name */
		if (set->count && cmd_seen_is_here(cmd, list[i]))
			gate_add_other(cmd, gate, &other);
	}
}

/* Comments and strings differ a little between engines. */
static int find_dialect(struct cmd *cmd, enum sql_dialect *dialect)
{
	const struct db_engine *engine;

	if (config_target(cmd->mem, cmd->config, NULL, &cmd->target,
			  &cmd->err) < 0)
		return -1;
	engine = db_engine_for(cmd->target.url, &cmd->err);
	if (!engine)
		return -1;
	*dialect = engine->dialect;
	return 0;
}

/* Staged as it was, it is no conflict for git any more. */
static int refuse_conflict(const char *path, const char *text, size_t length,
			   struct error *err)
{
	int line = gate_conflict_line(text, length);

	if (!line)
		return 0;
	error_set(err, ERROR_REFUSED,
		  "the script has the marks of a merge conflict");
	error_at(err, path, line, 0);
	return error_hint(err, "settle it, then: git add '%s'", path);
}

static void check_text(struct cmd *cmd, struct gate *gate,
		       const struct half *half, bool down,
		       enum sql_dialect dialect)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct error err = { 0 };
	struct script *script;
	char *text;
	size_t length;

	if (cmd_read_blob(turn, half->blob, &text, &length, cmd, &err) < 0 ||
	    refuse_conflict(half->path, text, length, &err) < 0 ||
	    script_parse(turn, half->path, text, length, dialect, &script,
			 &err) < 0 ||
	    script_check_runnable(script, down, &err) < 0)
		gate_add(cmd->mem, gate, GATE_TEXT, false, &err);
	talloc_free(turn);
}

int gate_texts(struct cmd *cmd, struct gate *gate)
{
	enum sql_dialect dialect;

	if (find_dialect(cmd, &dialect) < 0)
		return -1;
	for (int read = 0; read < 2; read++)
		for (size_t i = 0; i < 2 * gate->now->count; i++) {
			const struct migration *m = &gate->now->list[i / 2];
			bool down = i % 2 == DIRECTION_DOWN;

			if (!gate_brings(gate, m, i % 2))
				continue;
			/* git looks for the next ones meanwhile */
			if (read)
				check_text(cmd, gate, &m->half[i % 2], down,
					   dialect);
			else
				cmd_expect_blob(m->half[i % 2].blob, cmd);
		}
	return 0;
}

int64_t gate_latest(void)
{
	return version_at(clock_wall_us() + INT64_C(86400) * 1000000);
}

void gate_print(struct cmd *cmd, const struct gate *gate)
{
	for (size_t i = 0; i < gate->count; i++) {
		const struct gate_finding *f = &gate->findings[i];

		if (!f->warning) {
			cmd_print_error(&f->err);
			continue;
		}
		cmd_warning("%s%s%s", f->err.file ? f->err.file : "",
			    f->err.file ? ": " : "", f->err.message);
		if (f->err.hint)
			cmd_hint(cmd, "%s", f->err.hint);
	}
}
