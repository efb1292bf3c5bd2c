#include "core/db/mysql/need.h"

#include <string.h>

#include "core/sql/reader.h"

/*
 * Every change of a definition needs its table exclusively, at least for a
 * moment, also where the work between two such moments lets others write. What
 * is not here is waited for as the server has it.
 */
static const struct {
	const char *kind;
	enum my_need first, others;
} needs[] = {
	{ "ALTER TABLE", MY_EXCLUSIVE, MY_NOTHING },
	{ "ALTER SEQUENCE", MY_EXCLUSIVE, MY_NOTHING },
	{ "CREATE INDEX", MY_EXCLUSIVE, MY_NOTHING },
	{ "CREATE TRIGGER", MY_EXCLUSIVE, MY_NOTHING },
	{ "CREATE TABLE", MY_NOTHING, MY_ROWS },
	{ "DROP INDEX", MY_EXCLUSIVE, MY_NOTHING },
	{ "DROP TRIGGER", MY_EXCLUSIVE, MY_NOTHING },
	{ "DROP TABLE", MY_EXCLUSIVE, MY_EXCLUSIVE },
	{ "DROP SEQUENCE", MY_EXCLUSIVE, MY_EXCLUSIVE },
	{ "DROP VIEW", MY_EXCLUSIVE, MY_EXCLUSIVE },
	{ "ALTER VIEW", MY_EXCLUSIVE, MY_NOTHING },
	{ "RENAME TABLE", MY_EXCLUSIVE, MY_EXCLUSIVE },
	{ "TRUNCATE TABLE", MY_EXCLUSIVE, MY_NOTHING },
	{ "OPTIMIZE", MY_EXCLUSIVE, MY_EXCLUSIVE },
	{ "LOCK TABLE", MY_EXCLUSIVE, MY_EXCLUSIVE },
	{ "INSERT", MY_ROWS, MY_ROWS },
	{ "REPLACE", MY_ROWS, MY_ROWS },
	{ "UPDATE", MY_ROWS, MY_ROWS },
	{ "DELETE", MY_ROWS, MY_ROWS },
	{ "LOAD", MY_ROWS, MY_ROWS },
};

/* One of these words stands in it, outside of strings and names. */
static bool has_word(const struct statement *s, const char *text,
		     const char *word)
{
	struct reader r;

	reader_start(&r, text, s->length, SQL_MYSQL);
	while (!reader_at_end(&r) && !reader_is(&r, word))
		reader_advance(&r);
	return !reader_at_end(&r);
}

/* CREATE OR REPLACE meets what is there; nobody has a new or a temporary
   one. */
static void need_create(const struct statement *s, const char *text,
			struct lock_need *need)
{
	struct reader r;

	reader_start(&r, text, s->length, SQL_MYSQL);
	reader_advance(&r);
	if (reader_accept(&r, "OR") && reader_accept(&r, "REPLACE") &&
	    !reader_is(&r, "TEMPORARY"))
		need->first = MY_EXCLUSIVE;
}

struct lock_need my_need(const struct statement *s, const char *text)
{
	struct lock_need need = { 0 };
	bool table = !strncmp(s->kind, "CREATE TABLE", 12);

	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++)
		if (!strcmp(table ? "CREATE TABLE" : s->kind, needs[i].kind)) {
			need.first = (unsigned char)needs[i].first;
			need.others = (unsigned char)needs[i].others;
		}
	if (table || !strcmp(s->kind, "CREATE VIEW"))
		need_create(s, text, &need);
	if (!strcmp(s->kind, "ALTER TABLE")) {
		if (has_word(s, text, "REFERENCES"))
			need.others = MY_NO_WRITE;
		if (has_word(s, text, "EXCHANGE"))
			need.others = MY_EXCLUSIVE;
	} else if (!strcmp(s->kind, "LOCK TABLE") &&
		   !has_word(s, text, "WRITE")) {
		need.first = need.others = MY_NO_WRITE;
	} else if (!strncmp(s->kind, "DROP ", 5) &&
		   has_word(s, text, "TEMPORARY")) {
		need.first = need.others = MY_NOTHING;
	}
	if (!table && s->relation_count < 2)
		need.others = MY_NOTHING;
	need.queues = need.first >= MY_NO_WRITE || need.others >= MY_NO_WRITE;
	return need;
}
