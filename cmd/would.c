#include "cmd/would.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/sql/reader.h"

/* The name in CREATE INDEX name ON table, as written; NULL: it has none. */
static char *index_name(TALLOC_CTX *mem, const struct script *script,
			const struct statement *s)
{
	struct reader r;

	reader_start(&r, script->text + s->offset, s->length, script->dialect);
	if (!reader_accept(&r, "CREATE"))
		return NULL;
	while (!reader_at_end(&r) && !reader_accept(&r, "INDEX"))
		reader_advance(&r);
	reader_accept(&r, "CONCURRENTLY");
	if (reader_accept(&r, "IF")) {
		reader_accept(&r, "NOT");
		reader_accept(&r, "EXISTS");
	}
	if (reader_at_end(&r) || reader_is(&r, "ON"))
		return NULL;
	return talloc_strndup(mem, r.text + r.token.offset, r.token.length);
}

char *statement_title(TALLOC_CTX *mem, const struct script *script, size_t n)
{
	const struct statement *s = &script->statements[n];
	char *text = talloc_strdup(mem, s->kind), *name = NULL;

	if (!strncmp(s->kind, "CREATE ", 7) && strstr(s->kind, " INDEX"))
		name = index_name(mem, script, s);
	if (name)
		text = talloc_asprintf_append(text, " %s%s",
					      text_visible(mem, name, false),
					      s->relation_count ? " on" : "");
	for (size_t i = 0; i < s->relation_count; i++)
		text = talloc_asprintf_append(
			text, "%s%s", i ? ", " : " ",
			text_visible(mem, s->relations[i], false));
	return text;
}

static int split(struct cmd *cmd, struct plan_item *item)
{
	return item->script ? cmd->db->engine->split(item->script, &cmd->err)
			    : 0;
}

static void show_statements(const struct cmd *cmd, const struct plan_item *item)
{
	const struct script *script = item->script;

	for (size_t i = 0; script && i < script->statement_count; i++) {
		const struct statement *s = &script->statements[i];
		int line, column;

		text_position(script->text, script->length, s->offset, &line,
			      &column);
		printf("  %s:%d: %s",
		       text_visible(cmd->mem, script->path, false), line,
		       statement_title(cmd->mem, script, i));
		if (s->batch)
			printf(", in batches of at most %s rows",
			       text_thousands(cmd->mem, s->batch->batch.rows));
		putchar('\n');
	}
	if (script && script->no_transaction)
		puts("  outside a transaction, statement by statement");
}

int would_show(struct cmd *cmd, struct plan_item *item)
{
	char version[VERSION_LENGTH + 1];
	bool up = item->direction == DIRECTION_UP;

	if (split(cmd, item) < 0)
		return -1;
	printf("would %s %s_%s", up ? "apply" : "revert",
	       version_format(item->version, version),
	       text_visible(cmd->mem, item->name, false));
	if (item->commit)
		printf("  (commit %.10s)", item->commit);
	else if (item->source)
		printf("  (%s)", item->source);
	putchar('\n');
	show_statements(cmd, item);
	return 0;
}

static json_t *statements_json(TALLOC_CTX *mem, const struct script *script)
{
	json_t *list = json_array();

	for (size_t i = 0; script && i < script->statement_count; i++) {
		const struct statement *s = &script->statements[i];
		json_t *relations = json_array();
		int line, column;

		text_position(script->text, script->length, s->offset, &line,
			      &column);
		for (size_t k = 0; k < s->relation_count; k++)
			json_array_append_new(relations,
					      json_string(s->relations[k]));
		json_array_append_new(
			list,
			json_pack("{s:i, s:s, s:s, s:o}", "index", (int)i + 1,
				  "kind", s->kind, "place",
				  talloc_asprintf(mem, "%s:%d:%d", script->path,
						  line, column),
				  "relations", relations));
	}
	return list;
}

json_t *would_json(struct cmd *cmd, struct plan_item *item)
{
	char version[VERSION_LENGTH + 1];

	if (split(cmd, item) < 0)
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:b, s:o}", "version",
			 version_format(item->version, version), "name",
			 item->name, "direction",
			 direction_name(item->direction), "path", item->path,
			 "commit", item->commit, "in_transaction",
			 !item->script || !item->script->no_transaction,
			 "statements", statements_json(cmd->mem, item->script));
}
