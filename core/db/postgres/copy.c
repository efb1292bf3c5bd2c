#include "core/db/postgres/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/*
 * COPY FROM STDIN with the rows that stand behind it in the script. It cannot
 * be part of a pipeline, so the pipeline is left for it, and the transaction
 * that is open stays open meanwhile.
 */

#define CHUNK_SIZE ((size_t)256 * 1024)

/* After that a server that takes no more rows is given up. */
#define GIVE_UP_US 10000000

/* Until the server has taken what waits to be sent. */
static bool drain(struct pg *pg)
{
	int64_t asked = 0;
	int more;

	while ((more = PQflush(pg->conn)) > 0) {
		struct pollfd poller = { .fd = PQsocket(pg->conn),
					 .events = POLLIN | POLLOUT };

		if (poll(&poller, 1, 100) < 0 && errno != EINTR)
			return false;
		if (poller.revents & POLLIN && !PQconsumeInput(pg->conn))
			return false;
		if (!asked && pg_tick(pg))
			asked = clock_mono_us();
		if (asked && clock_mono_us() - asked > GIVE_UP_US)
			return false;
	}
	return more == 0;
}

/* An early refusal of the server is found in its result, after the end. */
static bool send_rows(struct pg *pg, const char *rows, size_t length)
{
	bool stop = false;

	for (size_t at = 0; at < length && !stop;) {
		size_t n = length - at < CHUNK_SIZE ? length - at : CHUNK_SIZE;
		int sent = PQputCopyData(pg->conn, rows + at, (int)n);

		if (sent < 0 || !drain(pg))
			return false;
		at += sent ? n : 0;
		stop = pg_tick(pg);
	}
	return PQputCopyEnd(pg->conn, stop ? "interrupted" : NULL) >= 0 &&
	       drain(pg);
}

static void take_end(PGresult *res, struct pg_outcome *outcome)
{
	const char *rows = PQcmdTuples(res);

	outcome->done = true;
	snprintf(outcome->tag, sizeof(outcome->tag), "%s", PQcmdStatus(res));
	outcome->rows = *rows ? strtoll(rows, NULL, 10) : -1;
}

/* "COPY users, line 3, column age: ..." counts the rows' lines from 1. */
static size_t failed_row(const PGresult *res, const char *rows, size_t length)
{
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
	const char *line = context ? strstr(context, ", line ") : NULL;
	long number = line ? strtol(line + strlen(", line "), NULL, 10) : 1;
	size_t at = 0;

	while (number-- > 1) {
		const char *end = memchr(rows + at, '\n', length - at);

		if (!end)
			break;
		at = (size_t)(end - rows) + 1;
	}
	return at;
}

/* All results of the COPY; its rows are sent when the server asks for them. */
static int converse(struct pg *pg, const struct pg_step *step, const char *rows,
		    size_t length, struct error *err)
{
	struct pg_outcome *outcome = step->statement.outcome;
	PGresult *res;
	int result = 0;

	for (;;) {
		ExecStatusType status;

		if (!pg_await_result(pg)) {
			pg->lost = true;
			break;
		}
		res = PQgetResult(pg->conn);
		if (!res)
			break;
		status = PQresultStatus(res);
		if (status == PGRES_COPY_IN) {
			if (!send_rows(pg, rows, length))
				result = -1;
		} else if (status == PGRES_COMMAND_OK) {
			take_end(res, outcome);
		} else if (!result || !err->code) {
			pg->failed = pg->script_failed = true;
			pg_failure(pg, step, res, err);
			pg->failed_row = failed_row(res, rows, length);
			result = -1;
		}
		PQclear(res);
		if (PQstatus(pg->conn) == CONNECTION_BAD)
			break;
	}
	return outcome->done ? 0 : -1;
}

int pg_copy_in(struct pg *pg, const struct pg_statement *statement,
	       const char *rows, size_t length, struct error *err)
{
	const struct pg_step step = { .kind = STEP_STATEMENT,
				      .statement = *statement };
	int result = pg_sync(pg, err);

	if (result < 0)
		return -1;
	pg->cancelled_us = 0;
	pg->failed = pg->script_failed = false;
	statement->outcome->started_us = clock_mono_us();
	if (!PQexitPipelineMode(pg->conn) ||
	    !PQsendQuery(pg->conn, statement->sql))
		return error_set(err, ERROR_FAILED,
				 "unable to send a statement to '%s': %s",
				 pg->db.label, PQerrorMessage(pg->conn));
	result = converse(pg, &step, rows, length, err);
	statement->outcome->arrived_us = clock_mono_us();
	if (pg->lost || PQstatus(pg->conn) == CONNECTION_BAD ||
	    !PQenterPipelineMode(pg->conn)) {
		pg->lost = true;
		error_release(err);
		return pg_failure_lost(pg, err);
	}
	pg_note_transaction(pg);
	if (result < 0 && !err->code)
		return error_set(err, ERROR_SQL, "the rows were not taken");
	return result;
}
