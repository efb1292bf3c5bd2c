#include "core/db/mysql/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"

/* Numbers of the client library and of the server, mysqld_error.h. */
enum {
	CLIENT_SOCKET = 2002,
	CLIENT_HOST = 2003,
	CLIENT_UNKNOWN_HOST = 2005,
	CLIENT_GONE = 2006,
	CLIENT_LOST = 2013,
	CLIENT_LOST_EXTENDED = 2055,
	CLIENT_TLS = 2026,
	SERVER_DENIED_DATABASE = 1044,
	SERVER_DENIED = 1045,
	SERVER_NO_DATABASE = 1049,
	SERVER_TOO_MANY = 1040,
	SERVER_SYNTAX = 1064,
	SERVER_SHUTDOWN = 1053,
	SERVER_LOCK_TIMEOUT = 1205,
	SERVER_DEADLOCK = 1213,
	SERVER_INTERRUPTED = 1317,
	SERVER_KILLED = 1927,
	SERVER_ALGORITHM = 1845,
	SERVER_ALGORITHM_REASON = 1846,
	SERVER_FUNCTION_LOGGED = 1418,
	SERVER_TOO_BIG = 1153,
	SERVER_CHANGED = 1020, /* with innodb_snapshot_isolation */
	SERVER_TIMEOUT_MARIADB = 1969,
	SERVER_DENIED_COMMAND = 1142,
	SERVER_DENIED_COLUMN = 1143,
	SERVER_NO_PRIVILEGE = 1227,
	SERVER_DENIED_ROUTINE = 1370,
	SERVER_PREVENTED = 1290, /* by an option: --read-only */
};

static const struct {
	unsigned number;
	const char *hint;
} ways[] = {
	{ SERVER_LOCK_TIMEOUT,
	  "another session holds the lock; run it again later" },
	{ SERVER_DEADLOCK,
	  "another session held what was needed; run it again when it is "
	  "done" },
	{ SERVER_TIMEOUT_MARIADB,
	  "give it more time: --statement-timeout DURATION" },
	{ SERVER_ALGORITHM,
	  "see what the server offers instead: "
	  "https://mariadb.com/kb/en/innodb-online-ddl-overview/" },
	{ SERVER_ALGORITHM_REASON,
	  "see what the server offers instead: "
	  "https://mariadb.com/kb/en/innodb-online-ddl-overview/" },
	{ SERVER_FUNCTION_LOGGED,
	  "declare the function DETERMINISTIC, NO SQL or READS SQL DATA" },
	{ SERVER_TOO_BIG,
	  "the server takes statements up to its max_allowed_packet" },
	{ CLIENT_SOCKET, "is the server running, and at that address?" },
	{ CLIENT_HOST, "is the server running, and at that address?" },
	{ CLIENT_UNKNOWN_HOST, "look at the host in the target's URL" },
	{ CLIENT_TLS, "see the URL's ssl-mode and ssl-ca" },
	{ SERVER_DENIED,
	  "passwords are read from ~/.my.cnf, MYSQL_PWD or the person's own "
	  "configuration" },
	{ SERVER_DENIED_DATABASE, "name another user in the URL, or let this "
				  "one: GRANT ALL ON DATABASE.* TO USER" },
	{ SERVER_TOO_MANY, "the server has no connection left: try later" },
};

static void add_way(unsigned number, struct error *err)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (ways[i].number == number)
			error_hint(err, "%s", ways[i].hint);
}

static bool is_lost(unsigned number)
{
	return !number || number == CLIENT_GONE || number == CLIENT_LOST ||
	       number == CLIENT_LOST_EXTENDED || number == SERVER_SHUTDOWN ||
	       number == SERVER_KILLED;
}

/* The main connection is there, and so is what it does. */
static int side_lost(const struct my *my, const char *message,
		     struct error *err)
{
	return error_set(err, ERROR_LOCK_LOST,
			 "the connection beside that of the script to '%s', "
			 "which %s, was lost%s%s",
			 my->db.label,
			 my->locked ? "holds the lock that keeps other runs out"
				    : "looks after it",
			 message ? ": " : "", message ? message : "");
}

static int lost(struct my_conn *c, const char *message, struct error *err)
{
	c->lost = true;
	if (c == &c->my->side && c->my->main.mysql && !c->my->main.lost)
		return side_lost(c->my, message, err);
	c->my->db.lost = c->my->db.lost || c == &c->my->main;
	if (c->watched && c->my->interrupted)
		return error_set(err, ERROR_INTERRUPTED,
				 "interrupted, and '%s' does not answer",
				 c->my->db.label);
	return error_set(err, ERROR_CONNECTION,
			 "the connection to '%s' was lost%s%s", c->my->db.label,
			 message ? ": " : "", message ? message : "");
}

/* A scratch database goes by the name of the one it stands in for. */
static char *rename_scratch(const struct my *my, const char *message)
{
	char *out = talloc_strdup(NULL, "");
	const char *name = my->not_to_touch ? my->db.database : NULL, *found;

	while (name && (found = strstr(message, name)) != NULL) {
		out = talloc_strndup_append_buffer(out, message,
						   (size_t)(found - message));
		out = talloc_strdup_append_buffer(out, my->not_to_touch);
		message = found + strlen(name);
	}
	return talloc_strdup_append_buffer(out, message);
}

static enum error_code code_of(const struct my_conn *c, unsigned number)
{
	if (number == SERVER_LOCK_TIMEOUT)
		return ERROR_LOCK_TIMEOUT;
	if (number == SERVER_DEADLOCK || number == SERVER_CHANGED)
		return ERROR_DEADLOCK;
	if (number == SERVER_INTERRUPTED && c->watched && c->my->watch.ended)
		return ERROR_LOCK_TIMEOUT;
	return ERROR_SQL;
}

static bool is_denied(unsigned number)
{
	static const unsigned numbers[] = {
		SERVER_DENIED_DATABASE, SERVER_DENIED_COMMAND,
		SERVER_DENIED_COLUMN,	SERVER_NO_PRIVILEGE,
		SERVER_DENIED_ROUTINE,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static int is_read_only(const struct my_conn *c, struct error *err)
{
	error_set(err, ERROR_FAILED, "'%s' is read-only", c->my->db.label);
	err->denied = true;
	return error_hint(err, "read_only is on there: name the primary in the "
			       "target's URL when it is a replica, or connect "
			       "as a user that may write all the same");
}

int my_failure(struct my_conn *c, unsigned number, const char *message,
	       const char *sqlstate, struct error *err)
{
	struct my *my = c->my;
	char *shown;

	c->failed = number;
	if (is_lost(number))
		return lost(c, message && *message ? message : NULL, err);
	if (c->watched && my->interrupted &&
	    (number == SERVER_INTERRUPTED || number == SERVER_TIMEOUT_MARIADB))
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	if (number == SERVER_PREVENTED && strstr(message, "read-only"))
		return is_read_only(c, err);
	shown = rename_scratch(my, message);
	error_set(err, code_of(c, number), "%s", shown);
	talloc_free(shown);
	if (sqlstate)
		strncpy(err->sqlstate, sqlstate, sizeof(err->sqlstate) - 1);
	err->denied = is_denied(number);
	error_detail(err, "error %u (%s)", number, sqlstate ? sqlstate : "");
	add_way(number, err);
	return -1;
}

int my_failure_connect(struct my_conn *c, struct error *err)
{
	unsigned number = mysql_errno(c->mysql);
	const char *label = c->my->db.label;

	if (c->my->interrupted)
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	error_set(err,
		  c == &c->my->side && c->my->locked && !c->my->main.lost
			  ? ERROR_LOCK_LOST
			  : ERROR_CONNECTION,
		  "unable to connect to '%s': %s", label,
		  mysql_error(c->mysql));
	if (number == SERVER_NO_DATABASE)
		error_hint(err, "create it: CREATE DATABASE %s",
			   c->my->db.database);
	add_way(number, err);
	return -1;
}

/* "... near 'TEXT' at line N": TEXT is cut after 80 characters, and its line
   is counted from the statement's beginning. */
static size_t syntax_offset(const char *message, const char *text,
			    size_t length)
{
	const char *near = strstr(message, " near '"), *at = NULL, *found;
	const char *from = text, *end = text + length;
	long line;

	for (const char *next = near; next;
	     next = strstr(next + 1, "' at line "))
		at = next != near ? next : at;
	if (!near || !at)
		return 0;
	near += strlen(" near '");
	for (line = strtol(at + strlen("' at line "), NULL, 10); line > 1;
	     line--) {
		found = memchr(from, '\n', (size_t)(end - from));
		if (!found)
			return 0;
		from = found + 1;
	}
	if (at <= near)
		return length;
	found = memmem(from, (size_t)(end - from), near, (size_t)(at - near));
	return (size_t)((found ? found : from) - text);
}

/* "Table 'shop.users' doesn't exist": where users stands in the statement. */
static size_t name_offset(const char *message, const char *text, size_t length)
{
	const char *open = strpbrk(message, "'`");
	const char *close = open ? strchr(open + 1, *open) : NULL;
	struct sql_token token = { SQL_END, 0, 0 };
	char *quoted, *name;
	size_t at = 0;

	if (!close)
		return 0;
	quoted = talloc_strndup(NULL, open + 1, (size_t)(close - open - 1));
	name = strrchr(quoted, '.') ? strrchr(quoted, '.') + 1 : quoted;
	while ((token = sql_next_code(text, length, at, SQL_MYSQL)).kind !=
	       SQL_END) {
		char *here = sql_unquote(quoted, text + token.offset,
					 token.length);

		if (token.kind != SQL_STRING && !strcasecmp(here, name))
			break;
		at = token.offset + token.length;
	}
	talloc_free(quoted);
	return token.kind == SQL_END ? 0 : token.offset;
}

size_t my_failure_offset(unsigned number, const char *message, const char *text,
			 size_t length)
{
	static const unsigned about_names[] = {
		1050, /* table exists */
		1051, /* unknown table */
		1054, /* unknown column */
		1060, /* column exists */
		1061, /* key exists */
		1072, /* key column does not exist */
		1091, /* nothing of that name to drop */
		1146, /* no such table */
		1304, /* routine exists */
		1305, /* no such routine */
	};

	if (number == SERVER_SYNTAX)
		return syntax_offset(message, text, length);
	for (size_t i = 0; i < sizeof(about_names) / sizeof(*about_names); i++)
		if (number == about_names[i])
			return name_offset(message, text, length);
	return 0;
}
