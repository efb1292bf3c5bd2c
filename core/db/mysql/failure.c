#include "core/db/mysql/internal.h"

#include <stdlib.h>
#include <string.h>

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
	SERVER_TIMEOUT_MARIADB = 1969,
};

static const struct {
	unsigned number;
	const char *hint;
} ways[] = {
	{ SERVER_LOCK_TIMEOUT,
	  "another session holds the lock; run it again later, or wait "
	  "longer: SET SESSION lock_wait_timeout = 300" },
	{ SERVER_DEADLOCK,
	  "another session held what was needed; run it again when it is "
	  "done" },
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
	{ CLIENT_SOCKET, "is the server running, and its socket there?" },
	{ CLIENT_HOST, "is the server running, and on this port?" },
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

static int lost(struct my_conn *c, const char *message, struct error *err)
{
	c->lost = true;
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

int my_failure(struct my_conn *c, unsigned number, const char *message,
	       const char *sqlstate, struct error *err)
{
	struct my *my = c->my;
	char *shown;

	if (is_lost(number))
		return lost(c, message && *message ? message : NULL, err);
	if (c->watched && my->interrupted &&
	    (number == SERVER_INTERRUPTED || number == SERVER_TIMEOUT_MARIADB))
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	shown = rename_scratch(my, message);
	error_set(err, ERROR_SQL, "%s", shown);
	talloc_free(shown);
	if (sqlstate)
		strncpy(err->sqlstate, sqlstate, sizeof(err->sqlstate) - 1);
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
	error_set(err, ERROR_CONNECTION, "unable to connect to '%s': %s", label,
		  mysql_error(c->mysql));
	if (number == SERVER_NO_DATABASE)
		error_hint(err, "create it: CREATE DATABASE %s",
			   c->my->db.database);
	add_way(number, err);
	return -1;
}

/* "... near 'TEXT' at line N": TEXT is cut after 80 characters, and its line
   is counted from the statement's beginning. */
size_t my_failure_offset(const char *message, const char *text, size_t length)
{
	const char *near = strstr(message, " near '"), *at = NULL, *end;
	const char *from = text, *found;
	long line = 0;

	for (const char *next = near; next;
	     next = strstr(next + 1, "' at line "))
		at = next != near ? next : at;
	if (!near || !at)
		return 0;
	near += strlen(" near '");
	line = strtol(at + strlen("' at line "), NULL, 10);
	for (end = text + length; line > 1; line--) {
		found = memchr(from, '\n', (size_t)(end - from));
		if (!found)
			return 0;
		from = found + 1;
	}
	if (at <= near)
		return length;
	found = memmem(from, (size_t)(end - from), near, (size_t)(at - near));
	return found ? (size_t)(found - text) : (size_t)(from - text);
}
