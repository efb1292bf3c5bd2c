#include "core/db/postgres/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define NO_RIGHT "42501"
#define READ_ONLY "25006"
#define MOST_NOTICES 4000
#define MOST_CONTEXT 2000

/* What a person can do about an error that the server only names. */
static const struct {
	const char *sqlstate, *hint;
} ways[] = {
	{ "25001", "if the statement refuses a transaction, put at the top of "
		   "the script: -- migrate: no-transaction" },
	{ "2D000", "to let it commit by itself, put at the top of the script: "
		   "-- migrate: no-transaction" },
	{ "40001", "nothing is wrong with the script: run it again" },
	{ "40P01", "another session held what was needed; run it again when "
		   "it is done" },
	{ "55P03", "another session holds the lock; run it again later" },
	{ "55P04", "use the new value in a migration of its own" },
};

static void add_way(const char *sqlstate, const char *message,
		    struct error *err)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(sqlstate, ways[i].sqlstate))
			error_hint(err, "%s", ways[i].hint);
	if (!strcmp(sqlstate, "57014") && strstr(message, "statement timeout"))
		error_hint(err, "give it more time: --statement-timeout 10m, "
				"or in the script: SET LOCAL "
				"statement_timeout = '10min'");
}

static char *add_line(char *text, const char *label, const char *value)
{
	size_t most = strnlen(value, MOST_CONTEXT);

	if (!text)
		return talloc_asprintf(NULL, "%s%.*s", label, (int)most, value);
	return talloc_asprintf_append_buffer(text, "\n%s%.*s", label, (int)most,
					     value);
}

#define MOST_OF_OURS 80

/* What the program runs itself says where it was, not what to mend: a line. */
static char *own_line(TALLOC_CTX *mem, const char *sql)
{
	char line[MOST_OF_OURS + 1];
	size_t length = 0;

	while (!strncmp(sql, "--", 2))
		sql += strcspn(sql, "\n") + (sql[strcspn(sql, "\n")] != '\0');
	for (; *sql && length < MOST_OF_OURS; sql++)
		if (!isspace((unsigned char)*sql))
			line[length++] = *sql;
		else if (length && line[length - 1] != ' ')
			line[length++] = ' ';
	return talloc_asprintf(mem, "%.*s%s", (int)length, line,
			       *sql ? "..." : "");
}

static void add_detail(struct pg *pg, const struct pg_step *step,
		       const PGresult *res, struct error *err)
{
	const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
	char *text = NULL, *own = NULL;

	if (detail)
		text = add_line(text, "", detail);
	if (context)
		text = add_line(text, "in: ", context);
	if (step->statement.of_script && pg->notices)
		text = add_line(text, "", pg->notices);
	if (step->kind == STEP_STATEMENT && !step->statement.of_script)
		text = add_line(text, "while the program itself ran: ",
				own = own_line(NULL, step->statement.sql));
	if (text)
		error_detail(err, "%s", text);
	talloc_free(text);
	talloc_free(own);
}

/* The first line, without the line's end. */
static char *first_line(TALLOC_CTX *mem, const char *text)
{
	return talloc_strndup(mem, text, strcspn(text, "\r\n"));
}

int pg_failure_read_only(struct pg *pg, struct error *err)
{
	const char *standby = PQparameterStatus(pg->conn, "in_hot_standby");

	error_set(err, ERROR_FAILED, "'%s' is read-only", pg->db.label);
	if (standby && !strcmp(standby, "on"))
		return error_hint(err, "it is a standby: name its primary in "
				       "the target's URL");
	return error_hint(err, "default_transaction_read_only is on here: "
			       "connect as another role, or look at it in "
			       "\\drds and postgresql.conf");
}

static enum error_code code_of(const char *sqlstate)
{
	if (!strcmp(sqlstate, "55P03"))
		return ERROR_LOCK_TIMEOUT;
	return strcmp(sqlstate, "40P01") ? ERROR_SQL : ERROR_DEADLOCK;
}

void pg_failure(struct pg *pg, const struct pg_step *step, const PGresult *res,
		struct error *err)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
	const char *at = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
	char *line = NULL;

	if (state && !strcmp(state, READ_ONLY) && !step->statement.of_script) {
		pg_failure_read_only(pg, err);
		return;
	}
	if (!primary)
		primary = line = first_line(NULL, PQresultErrorMessage(res));
	if (state && !strcmp(state, "57014") && pg->interrupted)
		error_set(err, ERROR_INTERRUPTED, "interrupted");
	else
		error_set(err, code_of(state ? state : ""), "%s", primary);
	if (state) {
		strncpy(err->sqlstate, state, sizeof(err->sqlstate) - 1);
		err->denied = !strcmp(state, NO_RIGHT) ||
			      !strcmp(state, READ_ONLY);
		add_detail(pg, step, res, err);
	}
	if (hint)
		error_hint(err, "%s", hint);
	if (state && err->code != ERROR_INTERRUPTED)
		add_way(state, primary, err);
	pg->failed_at = at ? atoi(at) : 0;
	talloc_free(line);
}

int pg_failure_lost(struct pg *pg, struct error *err)
{
	char *why = talloc_strdup(NULL, "");

	pg->db.lost = true;
	if (pg->failed && err->code != ERROR_CONNECTION && err->message)
		why = talloc_asprintf_append(why, ": %s", err->message);
	if (pg->interrupted) {
		error_set(err, ERROR_INTERRUPTED,
			  "interrupted, and '%s' does not answer",
			  pg->db.label);
	} else {
		error_set(err, ERROR_CONNECTION,
			  "the connection to '%s' was lost%s", pg->db.label,
			  why);
	}
	talloc_free(why);
	return -1;
}

void pg_notice(void *data, const PGresult *res)
{
	struct pg *pg = data;
	const char *severity =
		PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (!severity || !text || pg->step_head == pg->step_tail)
		return;
	if (pg->db.options.notice &&
	    pg->steps[pg->step_head].statement.of_script)
		pg->db.options.notice(severity, text);
	if (!pg->notices)
		pg->notices = talloc_strdup(pg, "");
	if (strlen(pg->notices) > MOST_NOTICES)
		return;
	if (*pg->notices)
		pg->notices = talloc_strdup_append_buffer(pg->notices, "\n");
	for (const char *c = severity; *c; c++)
		pg->notices = talloc_asprintf_append_buffer(
			pg->notices, "%c", tolower((unsigned char)*c));
	pg->notices = talloc_asprintf_append_buffer(pg->notices, ": %s", text);
}

/* --- why a connection could not be opened --------------------------------- */

static const struct {
	const char *part, *hint;
} obstacles[] = {
	{ "password authentication failed",
	  "passwords are read from ~/.pgpass, PGPASSWORD or the person's own "
	  "configuration" },
	{ "no password supplied",
	  "put it into ~/.pgpass (host:port:database:user:password, mode 600) "
	  "or PGPASSWORD" },
	{ "could not translate host name",
	  "look at the host in the target's URL, or PGHOST" },
	{ "Connection refused",
	  "is the server running, and on this port? pg_isready tells" },
	{ "No such file or directory",
	  "is the server running, and its socket there? pg_isready tells" },
	{ "no pg_hba.conf entry",
	  "the server's pg_hba.conf does not let this user in from here" },
	{ "definition of service",
	  "services are looked up in ~/.pg_service.conf or PGSERVICEFILE" },
	{ "too many clients", "the server has no connection left: try later" },
	{ "remaining connection slots",
	  "the server has no connection left: try later" },
	{ "the database system is starting up", "try again in a moment" },
};

static void hint_createdb(const char *database, struct error *err)
{
	char *word = text_shell(NULL, database);

	error_hint(err, "create it: createdb %s%s", *word == '-' ? "-- " : "",
		   word);
	talloc_free(word);
}

static void add_obstacle(const char *text, const char *database,
			 struct error *err)
{
	for (size_t i = 0; i < sizeof(obstacles) / sizeof(*obstacles); i++)
		if (strstr(text, obstacles[i].part)) {
			error_hint(err, "%s", obstacles[i].hint);
			return;
		}
	if (strstr(text, "database \"") && strstr(text, "\" does not exist"))
		hint_createdb(database, err);
	if (strstr(text, "role \"") && strstr(text, "\" does not exist"))
		error_hint(err, "name another user in the URL, or PGUSER");
}

/* libpq repeats none, but a password may also be part of a broken host. */
static char *without(TALLOC_CTX *mem, const char *text, const char *secret)
{
	char *out = talloc_strdup(mem, "");
	size_t length = secret ? strlen(secret) : 0;
	const char *found;

	if (length < 4) /* would star out half of the message */
		length = 0;

	while (length && (found = strstr(text, secret)) != NULL) {
		out = talloc_strndup_append_buffer(out, text,
						   (size_t)(found - text));
		out = talloc_strdup_append_buffer(out, "***");
		text = found + length;
	}
	return talloc_strdup_append_buffer(out, text);
}

/*
 * libpq has a line a host: `connection to server at "a" (1.2.3.4), port 5432
 * failed: FATAL:  reason`. The reason of the last one is the message.
 */
int pg_failure_connect(PGconn *conn, const char *label, const char *password,
		       struct error *err)
{
	char *text = without(NULL, PQerrorMessage(conn), password);
	char *database = text_visible(text, PQdb(conn) ? PQdb(conn) : "",
				      false);
	char *reason, *end = text + strlen(text), *place = NULL, *failed;

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	reason = strrchr(text, '\n');
	if (!reason || reason[1] == '\t')
		reason = text;
	else
		reason++;
	failed = strstr(reason, " failed: ");
	if (failed && !strncmp(reason, "connection to ", 14)) {
		place = talloc_strndup(text, reason, (size_t)(failed - reason));
		reason = failed + 9;
	}
	if (!strncmp(reason, "FATAL:", 6))
		reason += 6 + strspn(reason + 6, " ");
	error_set(err, ERROR_CONNECTION, "unable to connect to '%s': %.*s",
		  label, (int)strcspn(reason, "\n"), reason);
	if (place)
		error_detail(err, "%s", place);
	add_obstacle(reason, database, err);
	talloc_free(text);
	return -1;
}
