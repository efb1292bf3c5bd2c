#include "core/derive/catalog.h"

#include <string.h>

#include "core/base/embed.h"

struct asking {
	TALLOC_CTX *mem;
	struct derive_target *target;
	const struct change *change;
	struct derive_facts *facts;
	int column; /* of what SHOW CREATE answers */
};

static void take_fact(struct asking *a, const char *name, const char *text)
{
	struct derive_facts *facts = a->facts;

	facts->list = talloc_realloc(a->mem, facts->list, struct derive_fact,
				     (unsigned)facts->count + 1);
	facts->list[facts->count++] = (struct derive_fact){
		talloc_strdup(a->mem, name), talloc_strdup(a->mem, text)
	};
}

static int take_row(const char *const *row, int count, void *data)
{
	if (count >= 2 && row[0] && row[1])
		take_fact(data, row[0], row[1]);
	return 0;
}

static int take_shown(const char *const *row, int count, void *data)
{
	struct asking *a = data;

	if (a->column < count && row[a->column])
		take_fact(a, "definition", row[a->column]);
	return 0;
}

static int failed(struct derive_target *target, struct error *err)
{
	target->failed = true;
	target->problem = talloc_strdup(target->mem, err->message);
	error_release(err);
	return -1;
}

static int open_target(struct derive_target *target)
{
	struct error err = { 0 };

	if (target->failed || !target->access.open)
		return -1;
	if (!target->access.db &&
	    target->access.open(&target->access.db, NULL, target->access.data,
				&err) < 0)
		return failed(target, &err);
	return 0;
}

static char *full_name(const struct asking *a, const struct sql_name *name,
		       bool raw)
{
	const struct db_engine *e = a->target->engine;

	if (!name->name)
		return NULL;
	if (raw)
		return talloc_asprintf(a->mem, "%s%s%s",
				       name->schema ? name->schema : "",
				       name->schema ? "." : "", name->name);
	return talloc_asprintf(
		a->mem, "%s%s%s",
		name->schema ? e->quote_name(a->mem, name->schema) : "",
		name->schema ? "." : "", e->quote_name(a->mem, name->name));
}

static const char *parameter(char *name, void *data)
{
	const struct asking *a = data;
	const struct change *c = a->change;

	if (!strcmp(name, "kind"))
		return c->object;
	if (!strcmp(name, "name"))
		return full_name(a, &c->name, false);
	if (!strcmp(name, "raw:name"))
		return c->name.name;
	if (!strcmp(name, "table"))
		return full_name(a, &c->table, false);
	if (!strcmp(name, "raw:table"))
		return full_name(a, &c->table, true);
	if (!strcmp(name, "raw:table.name"))
		return c->table.name;
	if (!strcmp(name, "raw:column"))
		return c->column;
	if (!strcmp(name, "args"))
		return c->args;
	return NULL;
}

static int ask_table(struct asking *a, struct error *err)
{
	struct db *db = a->target->access.db;
	char **statements;
	size_t count;

	if (db->engine->definition(a->mem, db,
				   full_name(a, &a->change->table, true),
				   &statements, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		take_fact(a, "definition", statements[i]);
	return 0;
}

/* SHOW CREATE, of what the first query has found. */
static int show(struct asking *a, struct error *err)
{
	static const struct {
		const char *object;
		int column;
	} shown[] = {
		{ "VIEW", 1 },	    { "SEQUENCE", 1 }, { "FUNCTION", 2 },
		{ "PROCEDURE", 2 }, { "TRIGGER", 2 },
	};
	struct db *db = a->target->access.db;

	for (size_t i = 0;
	     a->facts->count && i < sizeof(shown) / sizeof(*shown); i++) {
		if (strcmp(shown[i].object, a->change->object) != 0)
			continue;
		a->column = shown[i].column;
		return db->engine->query(
			db,
			talloc_asprintf(a->mem, "SHOW CREATE %s %s",
					shown[i].object,
					full_name(a, &a->change->name, false)),
			NULL, 0, take_shown, a, err);
	}
	return 0;
}

static int ask_catalog(TALLOC_CTX *mem, const char *word,
		       const struct change *c, struct derive_facts *facts,
		       void *data)
{
	struct derive_target *target = data;
	struct asking a = { mem, target, c, facts, 0 };
	const char *text = embed_text(
		talloc_asprintf(mem, "templates/facts/%s.%s.sql", word,
				db_engine_family(target->engine)));
	struct error err = { 0 };

	if (open_target(target) < 0)
		return -1;
	if (text && ask_with_parameters(a.mem, a.target->access.db, text,
					parameter, take_row, &a, &err) < 0)
		return failed(target, &err);
	if (!db_can(target->access.db, DB_SHOWS_TABLES))
		return 0;
	if (!strcmp(word, "definition") && ask_table(&a, &err) < 0)
		return failed(target, &err);
	if (!strcmp(word, "object") && show(&a, &err) < 0)
		return failed(target, &err);
	return 0;
}

static int definition(TALLOC_CTX *mem, const struct change *c,
		      char ***statements, size_t *count, void *data)
{
	struct derive_target *target = data;
	struct error err = { 0 };
	struct db *db;

	if (open_target(target) < 0)
		return -1;
	db = target->access.db;
	if (db->engine->definition(mem, db, c->table.name, statements, count,
				   &err) < 0)
		return failed(target, &err);
	return 0;
}

struct derive_catalog derive_target_catalog(struct derive_target *target)
{
	return (struct derive_catalog){ ask_catalog, definition, target };
}
