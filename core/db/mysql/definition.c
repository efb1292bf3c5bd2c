#include "core/db/mysql/internal.h"

#include <string.h>

struct texts {
	TALLOC_CTX *mem;
	int column; /* of SHOW CREATE */
	char **list;
	size_t count;
};

static int take_text(const char *const *values, int count, void *data)
{
	struct texts *texts = data;

	if (texts->column >= count || !values[texts->column])
		return 0;
	texts->list = talloc_realloc(texts->mem, texts->list, char *,
				     (unsigned)texts->count + 1);
	texts->list[texts->count++] = talloc_strdup(texts->mem,
						    values[texts->column]);
	return 0;
}

/* The counter belongs to the rows. */
static void drop_counter(char *text)
{
	static const char word[] = " AUTO_INCREMENT=";
	char *options = strrchr(text, ')'), *at, *end;

	at = options ? strstr(options, word) : NULL;
	if (!at)
		return;
	end = at + strlen(word);
	end += strspn(end, "0123456789");
	memmove(at, end, strlen(end) + 1);
}

static int show(struct my *my, const char *what, const char *database,
		const char *name, struct texts *texts, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *sql = talloc_asprintf(mem, "SHOW CREATE %s %s.%s", what,
				    my_quote(mem, database),
				    my_quote(mem, name));
	int result;

	texts->column = !strcmp(what, "TABLE") ? 1 : 2;
	result = my_run(&my->main, sql, strlen(sql), take_text, texts, NULL,
			err);
	talloc_free(mem);
	return result;
}

static int show_triggers(struct my *my, const char *database, const char *table,
			 struct texts *texts, struct error *err)
{
	struct texts names = { .mem = talloc_new(NULL) };
	const char *params[] = { database, table };
	int result = my_query(&my->main,
			      "SELECT TRIGGER_NAME "
			      "FROM information_schema.TRIGGERS "
			      "WHERE EVENT_OBJECT_SCHEMA = $1 "
			      "AND EVENT_OBJECT_TABLE = $2 "
			      "ORDER BY ACTION_TIMING, ACTION_ORDER",
			      params, 2, take_text, &names, err);

	for (size_t i = 0; result == 0 && i < names.count; i++)
		result = show(my, "TRIGGER", database, names.list[i], texts,
			      err);
	talloc_free(names.mem);
	return result;
}

/* Whether it is a table; of a view other text is shown. */
static int is_table(struct my *my, const char *database, const char *name,
		    bool *table, struct error *err)
{
	struct texts found = { .mem = talloc_new(NULL) };
	const char *params[] = { database, name };
	int result =
		my_query(&my->main,
			 "SELECT TABLE_NAME FROM information_schema.TABLES "
			 "WHERE TABLE_SCHEMA = $1 AND TABLE_NAME = $2 "
			 "AND TABLE_TYPE IN ('BASE TABLE', "
			 "'SYSTEM VERSIONED')",
			 params, 2, take_text, &found, err);

	*table = found.count > 0;
	talloc_free(found.mem);
	return result;
}

int my_definition(TALLOC_CTX *mem, struct db *db, const char *table,
		  char ***statements, size_t *count, struct error *err)
{
	struct my *my = my_of(db);
	struct texts texts = { .mem = mem };
	TALLOC_CTX *turn = talloc_new(NULL);
	char *database, *name;
	bool there = false;
	int result;

	my_split_name(turn, table, &database, &name);
	if (!database)
		database = db->database;
	result = is_table(my, database, name, &there, err);
	if (result == 0 && there)
		result = show(my, "TABLE", database, name, &texts, err);
	if (result == 0 && texts.count) {
		drop_counter(texts.list[0]);
		result = show_triggers(my, database, name, &texts, err);
	}
	talloc_free(turn);
	*statements = texts.list;
	*count = texts.count;
	return result;
}
