#include "core/db/sqlite/internal.h"

#include <string.h>

#include "core/base/text.h"

/*
 * Asked without any database of the person's: an empty one in memory parses
 * each statement, and what it then misses of tables and columns is none of our
 * business here. It stops at the first thing that it misses, so that not every
 * mistake is found.
 */

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool is_syntax(const char *message)
{
	static const char end[] = ": syntax error";
	size_t length = strlen(message), tail = sizeof(end) - 1;

	return begins(message, "unrecognized token: ") ||
	       !strcmp(message, "incomplete input") ||
	       (begins(message, "near ") && length > tail &&
		!strcmp(message + length - tail, end));
}

static int fail_at(sqlite3 *handle, const struct script *script,
		   const struct statement *s, struct error *err)
{
	int within = sqlite3_error_offset(handle), line, column;
	size_t offset = s->offset + (within >= 0 ? (size_t)within : s->length);

	error_set(err, ERROR_SQL, "%s", sqlite3_errmsg(handle));
	text_position(script->text, script->length, offset, &line, &column);
	return error_at(err, script->path, line, column);
}

/* Some settings are taken as soon as they are parsed, for all of us. */
static bool is_setting(const struct statement *s)
{
	return !strcmp(s->kind, "PRAGMA");
}

/* Where it ends is not known of one that is not understood, and a trigger has
   statements in it. */
static bool may_go_on(const struct statement *s)
{
	return strstr(s->kind, "TRIGGER") != NULL;
}

/* *end: of what the server took for one; 0: not known. */
static int check(sqlite3 *handle, const struct script *script,
		 const struct statement *s, size_t *end, struct error *err)
{
	const char *text = script->text + s->offset, *tail = NULL;
	sqlite3_stmt *prepared = NULL;
	int code = sqlite3_prepare_v3(handle, text, -1, 0, &prepared, &tail);

	sqlite3_finalize(prepared);
	*end = code == SQLITE_OK ? (size_t)(tail - script->text) : 0;
	return code == SQLITE_ERROR && is_syntax(sqlite3_errmsg(handle))
		       ? fail_at(handle, script, s, err)
		       : 0;
}

int sqlite_check_syntax(const struct db *db, const struct script *script,
			size_t *n, struct error *err)
{
	sqlite3 *handle = NULL;
	size_t taken = 0, end;
	int result = 0;

	(void)db;
	if (sqlite3_open_v2(":memory:", &handle,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK) {
		sqlite3_close_v2(handle);
		return 0;
	}
	for (*n = 0; *n < script->statement_count; ++*n) {
		const struct statement *s = &script->statements[*n];

		if (s->offset < taken || is_setting(s))
			continue;
		result = check(handle, script, s, &end, err);
		if (result < 0 || (!end && may_go_on(s)))
			break;
		taken = end;
	}
	sqlite3_close_v2(handle);
	return result;
}
