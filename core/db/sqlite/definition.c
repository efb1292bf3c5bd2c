#include "core/db/sqlite/internal.h"

#include "core/base/embed.h"

struct statement_list {
	TALLOC_CTX *mem;
	char **list;
	size_t count;
};

static int take(const char *const *values, int count, void *data)
{
	struct statement_list *s = data;

	(void)count;
	s->list = talloc_realloc(s->mem, s->list, char *,
				 (unsigned)s->count + 1);
	s->list[s->count++] = talloc_strdup(s->mem, values[0]);
	return 0;
}

int sqlite_definition(TALLOC_CTX *mem, struct db *db, const char *table,
		      char ***statements, size_t *count, struct error *err)
{
	struct statement_list s = { .mem = mem };

	if (sqlite_query(db, embed_text("core/db/sqlite/definition.sql"),
			 &table, 1, take, &s, err) < 0)
		return -1;
	*statements = s.list;
	*count = s.count;
	return 0;
}
