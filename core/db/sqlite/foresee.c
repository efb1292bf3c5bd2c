#include "core/db/sqlite/internal.h"

#include <string.h>

/* More than that many statements ahead is not worth looking. */
#define MOST_STATEMENTS 64

static void keep_written(struct script *script, struct statement *statement,
			 const struct touched *t)
{
	statement->relations = talloc_array(script, const char *,
					    (unsigned)t->count + 1);
	statement->relation_count = 0; /* it may be looked at again */
	for (size_t i = 0; i < t->count; i++)
		if (t->names[i].touch == TOUCH_WRITTEN)
			statement->relations[statement->relation_count++] =
				talloc_strdup(script, t->names[i].name);
}

/*
 * Many a pragma does its work while it is prepared. What only makes something
 * new has no rows to be counted; what follows it is likely to need it, and
 * ends the look ahead.
 */
static bool is_passed_over(const char *kind)
{
	static const char *const kinds[] = { "PRAGMA", "CREATE TABLE",
					     "CREATE TABLE AS", "CREATE VIEW",
					     "CREATE TRIGGER" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

/*
 * Only SQLite knows which tables a statement writes to, and only once those
 * before it have run. What can be prepared now can have its rows counted
 * before the write lock is taken instead of under it.
 */
void sqlite_foresee(struct db *db, struct script *script)
{
	struct sqlite *s = sqlite_of(db);
	size_t count = script->statement_count;
	struct error ignored = { 0 };

	if (db->options.count_limit < 0)
		return;
	if (sqlite_restore(s, &ignored) < 0) {
		error_release(&ignored); /* begin() will meet it again */
		return;
	}
	for (size_t i = 0; i < count && i < MOST_STATEMENTS; i++) {
		struct statement *statement = &script->statements[i];
		const char *text = script->text + statement->offset;
		sqlite3_stmt *prepared = NULL;
		int code;

		if (is_passed_over(statement->kind))
			continue;
		s->touched = talloc_zero(NULL, struct touched);
		code = sqlite3_prepare_v3(s->handle, text, -1, 0, &prepared,
					  NULL);
		if (code == SQLITE_OK && prepared) {
			touched_finish(s, s->touched, text, statement->length);
			keep_written(script, statement, s->touched);
		}
		talloc_free(s->touched);
		s->touched = NULL;
		sqlite3_finalize(prepared);
		if (code != SQLITE_OK)
			return;
	}
}
