#include "core/db/sqlite/internal.h"

#include <stdlib.h>
#include <string.h>

/* A prepared statement that is not in use; the newest stands first. */
struct cached_statement {
	char *sql;
	sqlite3_stmt *prepared;
	struct cached_statement *next;
};

#define CACHE_SIZE 24

static int finalize(struct cached_statement *c)
{
	sqlite3_finalize(c->prepared);
	return 0;
}

void sqlite_drop_cache(struct sqlite *s)
{
	while (s->cache) {
		struct cached_statement *next = s->cache->next;

		talloc_free(s->cache);
		s->cache = next;
	}
}

/* Takes it out of the cache, or prepares it. */
static struct cached_statement *take(struct sqlite *s, const char *sql)
{
	struct cached_statement **link = &s->cache, *c;

	for (; (c = *link) != NULL; link = &c->next)
		if (!strcmp(c->sql, sql)) {
			*link = c->next;
			return c;
		}
	c = talloc_zero(s, struct cached_statement);
	if (sqlite3_prepare_v3(s->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
			       &c->prepared, NULL) != SQLITE_OK) {
		talloc_free(c);
		return NULL;
	}
	c->sql = talloc_strdup(c, sql);
	talloc_set_destructor(c, finalize);
	return c;
}

/* What is asked once with its values in the text is not worth keeping. */
static bool is_repeated(struct cached_statement *c)
{
	return sqlite3_bind_parameter_count(c->prepared) > 0 ||
	       !strncmp(c->sql, "SELECT", 6);
}

static void give_back(struct sqlite *s, struct cached_statement *c)
{
	struct cached_statement *last = c;
	int n = 0;

	sqlite3_reset(c->prepared);
	if (!is_repeated(c)) {
		talloc_free(c);
		return;
	}
	sqlite3_clear_bindings(c->prepared);
	c->next = s->cache;
	s->cache = c;
	while (last->next && ++n < CACHE_SIZE)
		last = last->next;
	talloc_free(last->next);
	last->next = NULL;
}

static int take_row(sqlite3_stmt *prepared, db_row_fn row, void *data)
{
	int count = sqlite3_column_count(prepared);
	const char *few[20];
	const char **values = few;
	int result;

	if (count > 20)
		values = talloc_array(NULL, const char *, (unsigned)count);
	for (int i = 0; i < count; i++)
		values[i] = (const char *)sqlite3_column_text(prepared, i);
	result = row(values, count, data);
	if (values != few)
		talloc_free(values);
	return result;
}

int sqlite_query(struct db *db, const char *sql, const char *const *params,
		 int param_count, db_row_fn row, void *data, struct error *err)
{
	struct sqlite *s = sqlite_of(db);
	struct cached_statement *c = take(s, sql);
	int code, result = 0;

	if (c && s->to_make && !sqlite3_stmt_readonly(c->prepared)) {
		talloc_free(c);
		if (sqlite_make(s, err) < 0)
			return -1;
		c = take(s, sql);
	}
	if (!c)
		return sqlite_fail(s, err);
	/* $1 is the first parameter that SQLite sees, $2 the second */
	for (int i = 0; i < param_count; i++)
		sqlite3_bind_text(c->prepared, i + 1, params[i], -1,
				  SQLITE_STATIC);
	while ((code = sqlite3_step(c->prepared)) == SQLITE_ROW)
		if (row && (result = take_row(c->prepared, row, data)) != 0)
			break;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		result = sqlite_fail(s, err);
	give_back(s, c);
	return result;
}

int sqlite_queue(struct db *db, const char *sql, const char *const *params,
		 int param_count, struct error *err)
{
	return sqlite_query(db, sql, params, param_count, NULL, NULL, err);
}

int sqlite_change(struct db *db, const char *sql, const char *const *params,
		  int param_count, int64_t *rows, struct error *err)
{
	if (sqlite_query(db, sql, params, param_count, NULL, NULL, err) < 0)
		return -1;
	*rows = sqlite3_changes64(sqlite_of(db)->handle);
	return 0;
}

static int take_number(const char *const *values, int count, void *data)
{
	if (count > 0 && values[0])
		*(int64_t *)data = strtoll(values[0], NULL, 10);
	return 0;
}

int sqlite_number(struct sqlite *s, const char *sql, const char *param,
		  int64_t fallback, int64_t *number, struct error *err)
{
	*number = fallback;
	return sqlite_query(&s->db, sql, &param, param ? 1 : 0, take_number,
			    number, err);
}
