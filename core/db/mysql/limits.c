#include "core/db/mysql/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/db/mysql/need.h"

/*
 * The server's time-outs are those of the session, told when they change. Its
 * patience with locks counts whole seconds, which is too coarse for statements
 * that others queue behind: watch.c ends their waiting, and what the server is
 * told bounds only what watch.c leaves.
 */

static bool mentions(const char *text, size_t length, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i + size <= length; i++)
		if (!strncasecmp(text + i, word, size))
			return true;
	return false;
}

/* What the script sets in its session stays. */
static void note_own(struct my *my, const char *text, const struct statement *s)
{
	if (strcmp(s->kind, "SET") != 0)
		return;
	if (mentions(text, s->length, "lock_wait_timeout"))
		my->told.own_lock = true;
	if (mentions(text, s->length, "max_statement_time"))
		my->told.own_statement = true;
}

static int seconds(int ms)
{
	return (ms + 999) / 1000;
}

/*
 * For whoever is watched, the limit of all waiting: the server would count the
 * wait at the end of a long ALTER as it counts the first one. Unwatched, or
 * when locks come before anything is done, what is asked now; MySQL knows no
 * less than a second.
 */
static int lock_seconds(const struct my *my, const struct statement *s)
{
	int ms = my->db.lock_timeout_ms;

	if (!s->need.queues || !ms)
		return ms ? seconds(ms) : -1;
	if (my->watch.on)
		return seconds(my->db.wait_limit_ms);
	return ms >= 1000 || my_is_mariadb(my) ? ms / 1000 : 1;
}

static char *add(char *sql, const char *setting)
{
	return talloc_asprintf_append_buffer(
		sql, "%s%s", *sql ? ", " : "SET SESSION ", setting);
}

static char *add_seconds(char *sql, const char *name, int value,
			 const char *most)
{
	char setting[128];

	if (value < 0)
		snprintf(setting, sizeof(setting), "%s = DEFAULT", name);
	else if (most)
		snprintf(setting, sizeof(setting), "%s = LEAST(%s, %d)", name,
			 most, value);
	else
		snprintf(setting, sizeof(setting), "%s = %d", name, value);
	return add(sql, setting);
}

/* What differs from what the session knows. */
static char *settings(struct my *my, const struct statement *s)
{
	int lock_s = lock_seconds(my, s);
	int row_s = s->need.queues ? my->told.row_s : lock_s;
	int statement_ms = my->db.statement_timeout_ms;
	char *sql = talloc_strdup(NULL, ""), setting[64];

	if (!my->told.own_lock && lock_s != my->told.lock_s) {
		my->told.lock_s = lock_s;
		sql = add_seconds(sql, "lock_wait_timeout", lock_s, NULL);
	}
	if (!my->told.own_lock && row_s != my->told.row_s) {
		my->told.row_s = row_s;
		sql = add_seconds(sql, "innodb_lock_wait_timeout", row_s,
				  "@@GLOBAL.innodb_lock_wait_timeout");
	}
	if (!my->told.own_statement && my_is_mariadb(my) &&
	    statement_ms != my->told.statement_ms) {
		my->told.statement_ms = statement_ms;
		snprintf(setting, sizeof(setting),
			 "max_statement_time = %d.%03d", statement_ms / 1000,
			 statement_ms % 1000);
		sql = add(sql, setting);
	}
	return sql;
}

int my_limits_set(struct my *my, const struct script *script,
		  const struct statement *s, struct error *err)
{
	char *sql;
	int result = 0;

	note_own(my, script->text + s->offset, s);
	sql = settings(my, s);
	if (*sql)
		result = my_run_sql(&my->main, sql, err);
	talloc_free(sql);
	return result;
}

void my_limits_forget(struct my *my)
{
	my->told = (struct my_told){ .lock_s = -1, .row_s = -1 };
}
