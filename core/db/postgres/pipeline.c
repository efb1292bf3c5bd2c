#include "core/db/postgres/internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text.h"

/*
 * The connection is always in libpq's pipeline mode and never blocks in a
 * call: what is sent waits in libpq's buffer, and pg_sync() is the one place
 * that waits, with the tick.
 */

#define TICK_US 100000
#define CANCEL_AGAIN_US 1000000
/* After that a server that does not answer a cancel is given up. */
#define GIVE_UP_US 10000000
#define CANCEL_PATIENCE_US 1000000
#define MOST_COLUMNS 32

static struct pg_step *add_step(struct pg *pg, enum pg_step_kind kind)
{
	struct pg_step *step;

	if (pg->step_tail == pg->step_room && pg->step_head) {
		pg->step_tail -= pg->step_head;
		memmove(pg->steps, pg->steps + pg->step_head,
			pg->step_tail * sizeof(*pg->steps));
		pg->step_head = 0;
	}
	if (pg->step_tail == pg->step_room) {
		pg->step_room = pg->step_room ? 2 * pg->step_room : 32;
		pg->steps = talloc_realloc(pg, pg->steps, struct pg_step,
					   (unsigned)pg->step_room);
	}
	step = &pg->steps[pg->step_tail++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	return step;
}

static int unable_to_send(struct pg *pg, struct error *err)
{
	if (PQstatus(pg->conn) == CONNECTION_BAD) {
		pg->lost = true;
		return pg_failure_lost(pg, err);
	}
	return error_set(err, ERROR_FAILED,
			 "unable to send a statement to '%s': %s", pg->db.label,
			 PQerrorMessage(pg->conn));
}

static struct pg_kept *find_kept(struct pg *pg, const char *sql)
{
	struct pg_kept *kept;

	for (size_t i = 0; i < pg->kept_count; i++)
		if (!strcmp(pg->kept[i]->sql, sql))
			return pg->kept[i];
	pg->kept = talloc_realloc(pg, pg->kept, struct pg_kept *,
				  (unsigned)pg->kept_count + 1);
	kept = talloc_zero(pg->kept, struct pg_kept);
	kept->sql = talloc_strdup(kept, sql);
	kept->name = talloc_asprintf(kept, "git_migrate_%u", pg->kept_names++);
	pg->kept[pg->kept_count++] = kept;
	return kept;
}

void pg_forget_kept(struct pg *pg)
{
	talloc_free(pg->kept);
	pg->kept = NULL;
	pg->kept_count = 0;
}

static int send_prepare(struct pg *pg, struct pg_kept *kept, const char *text,
			struct error *err)
{
	if (!PQsendPrepare(pg->conn, kept->name, text, 0, NULL))
		return unable_to_send(pg, err);
	add_step(pg, STEP_PREPARE)->kept = kept;
	kept->sent = true;
	return 0;
}

static int send_kept(struct pg *pg, const struct pg_statement *statement,
		     struct pg_kept *kept, struct error *err)
{
	char *text = NULL;
	int result = 0;

	if (!kept->ready && !kept->sent) {
		if (statement->ledger)
			text = pg_qualify(NULL, pg->schema, statement->sql);
		result = send_prepare(pg, kept, text ? text : statement->sql,
				      err);
		talloc_free(text);
	}
	if (result < 0)
		return -1;
	if (!PQsendQueryPrepared(pg->conn, kept->name, statement->param_count,
				 statement->params, NULL, NULL, 0))
		return unable_to_send(pg, err);
	return 0;
}

static int send_once(struct pg *pg, const struct pg_statement *statement,
		     struct error *err)
{
	char *text = NULL;
	int sent;

	if (statement->ledger)
		text = pg_qualify(NULL, pg->schema, statement->sql);
	sent = PQsendQueryParams(pg->conn, text ? text : statement->sql,
				 statement->param_count, NULL,
				 statement->params, NULL, NULL, 0);
	talloc_free(text);
	return sent ? 0 : unable_to_send(pg, err);
}

/* What an error says that the program itself ran. */
static const char *keep_text(struct pg *pg,
			     const struct pg_statement *statement)
{
	if (statement->of_script)
		return NULL;
	if (!pg->texts)
		pg->texts = talloc_new(pg);
	return talloc_strdup(pg->texts, statement->sql);
}

int pg_send(struct pg *pg, const struct pg_statement *statement,
	    struct error *err)
{
	struct pg_kept *kept = NULL;
	struct pg_step *step;
	int result;

	if (pg->lost)
		return pg_failure_lost(pg, err);
	if (pg->unit_count && !pg->composed)
		return error_set(err, ERROR_FAILED,
				 "a transaction is still on its way to '%s'",
				 pg->db.label);
	/* behind a pooler the server may be another one the next time */
	if (statement->keep && pg->direct)
		kept = find_kept(pg, statement->sql);
	result = kept ? send_kept(pg, statement, kept, err)
		      : send_once(pg, statement, err);
	if (result < 0)
		return -1;
	step = add_step(pg, STEP_STATEMENT);
	step->statement = *statement;
	step->statement.params = NULL;
	step->statement.sql = kept ? kept->sql : keep_text(pg, statement);
	return 0;
}

int pg_send_sql(struct pg *pg, const char *sql, struct error *err)
{
	const struct pg_statement statement = { .sql = sql, .keep = true };

	return pg_send(pg, &statement, err);
}

int pg_flush(struct pg *pg, struct error *err)
{
	if (pg->lost)
		return pg_failure_lost(pg, err);
	return PQsendFlushRequest(pg->conn) ? 0 : unable_to_send(pg, err);
}

int pg_mark(struct pg *pg, struct error *err)
{
	if (pg->lost)
		return pg_failure_lost(pg, err);
	if (pg->step_tail > pg->step_head &&
	    pg->steps[pg->step_tail - 1].kind == STEP_SYNC)
		return 0;
	if (!PQpipelineSync(pg->conn))
		return unable_to_send(pg, err);
	add_step(pg, STEP_SYNC);
	return 0;
}

/*
 * libpq's only way to cancel connects, sends and reads without any deadline. A
 * server that takes the connection and says nothing must not hold us, so a
 * child does it, which can be given up. PQcancel() is made to be called where
 * little else may be, in a signal handler.
 */
static void cancel(struct pg *pg, int64_t now)
{
	char ignored[256];
	PGcancel *handle;

	if (pg->cancelled_us && now - pg->cancelled_us < CANCEL_AGAIN_US)
		return;
	pg->cancelled_us = now;
	pg_cancel_end(pg, 0);
	handle = PQgetCancel(pg->conn);
	if (!handle)
		return;
	pg->canceller = fork();
	if (!pg->canceller) {
		static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

		/* it ends with us, or after us */
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
			signal(numbers[i], SIG_DFL);
		alarm(GIVE_UP_US / 1000000);
		PQcancel(handle, ignored, sizeof(ignored));
		_exit(0);
	}
	PQfreeCancel(handle);
}

/* One that is still on its way could meet the next statement. */
void pg_cancel_end(struct pg *pg, int64_t patience_us)
{
	int64_t until = clock_mono_us() + patience_us;

	if (pg->canceller <= 0)
		return;
	while (waitpid(pg->canceller, NULL, WNOHANG) == 0) {
		if (clock_mono_us() >= until) {
			kill(pg->canceller, SIGKILL);
			waitpid(pg->canceller, NULL, 0);
			break;
		}
		poll(NULL, 0, 1);
	}
	pg->canceller = 0;
}

bool pg_tick(struct pg *pg)
{
	int64_t now = clock_mono_us();

	if (!pg->db.options.tick || now - pg->last_tick_us < TICK_US)
		return false;
	pg->last_tick_us = now;
	if (!pg->db.options.tick(pg->waiting_for, pg->db.options.tick_data))
		return false;
	pg->interrupted = true;
	return true;
}

static bool await_result(struct pg *pg)
{
	int64_t began = clock_mono_us(), asked = 0;

	for (;;) {
		/* the second one is for who looks on meanwhile */
		struct pollfd pollers[2] = {
			{ .fd = PQsocket(pg->conn), .events = POLLIN },
			{ .fd = -1 },
		};
		struct pollfd *poller = &pollers[0];
		int more = PQflush(pg->conn), ready, timeout = TICK_US / 1000;
		int64_t now;

		if (!PQisBusy(pg->conn))
			return true;
		if (poller->fd < 0)
			return false;
		if (more > 0)
			poller->events |= POLLOUT;
		pg_observe_wait(pg, &pollers[1], &timeout);
		pg_row_wait_due(pg, &timeout);
		ready = poll(pollers, 2, timeout);
		if (ready < 0 && errno != EINTR)
			return false;
		/* what it read before the end is still a result to take */
		if (ready > 0 && (poller->revents & ~POLLOUT) &&
		    !PQconsumeInput(pg->conn))
			return true;
		pg_observe_go_on(pg, &pollers[1]);
		now = clock_mono_us();
		if (!pg_row_wait_is_over(pg) &&
		    (now - began < TICK_US ||
		     !(pg_watch_is_over(pg) || pg_tick(pg))))
			continue;
		if (!asked)
			asked = now;
		if (pg->db.options.hasty || now - asked > GIVE_UP_US)
			return false;
		cancel(pg, now);
	}
}

/*
 * Waits until a result can be had without waiting. False when the connection
 * is of no use any more.
 */
bool pg_await_result(struct pg *pg)
{
	bool there = await_result(pg);

	pg_cancel_end(pg, there ? CANCEL_PATIENCE_US : 0);
	return there;
}

static void give_row(struct pg *pg, const struct pg_statement *statement,
		     const PGresult *res, int row)
{
	const char *values[MOST_COLUMNS];
	int count = PQnfields(res);

	if (count > MOST_COLUMNS)
		count = MOST_COLUMNS;
	for (int i = 0; i < count; i++)
		values[i] = PQgetisnull(res, row, i) ? NULL
						     : PQgetvalue(res, row, i);
	pg->stopped = statement->row(values, count, statement->data);
}

static void finish_statement(struct pg *pg, struct pg_step *step, PGresult *res)
{
	struct pg_outcome *outcome = step->statement.outcome;
	const char *tuples;

	if (step->kind == STEP_PREPARE)
		step->kept->ready = true;
	if (step->kind != STEP_STATEMENT || !outcome)
		return;
	outcome->done = true;
	outcome->started_us = pg->synced_us;
	outcome->arrived_us = clock_mono_us();
	snprintf(outcome->tag, sizeof(outcome->tag), "%s", PQcmdStatus(res));
	tuples = PQcmdTuples(res);
	outcome->rows = *tuples ? strtoll(tuples, NULL, 10) : -1;
}

/* Only a lost connection ends a COPY in a pipeline for certain. */
static void end_copy(struct pg *pg, struct error *err)
{
	error_set(err, ERROR_SQL,
		  "COPY from or to the client cannot be used in a migration");
	error_hint(err, "write the rows as INSERT");
	pg->failed = pg->script_failed = true;
	pg->failed_at = 0;
	pg_disconnect(pg);
	pg->lost = pg->db.lost = true;
}

#define NO_SUCH_STATEMENT "26000"

static void take_failure(struct pg *pg, const struct pg_step *step,
			 PGresult *res, struct error *err)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	if (state && !strcmp(state, NO_SUCH_STATEMENT))
		pg->deallocated = true;
	if (step->statement.outcome) {
		step->statement.outcome->started_us = pg->synced_us;
		step->statement.outcome->arrived_us = clock_mono_us();
	}
	if (pg->failed || step->statement.minor)
		return;
	pg->failed = true;
	pg->script_failed = step->statement.of_script;
	pg->db.look_failed = step->statement.looks;
	pg_failure(pg, step, res, err);
}

static void take_result(struct pg *pg, struct pg_step *step, PGresult *res,
			struct error *err)
{
	ExecStatusType status = PQresultStatus(res);

	switch (status) {
	case PGRES_SINGLE_TUPLE:
	case PGRES_TUPLES_OK:
		if (step->statement.row)
			for (int i = 0; i < PQntuples(res) && !pg->stopped; i++)
				give_row(pg, &step->statement, res, i);
		if (status == PGRES_TUPLES_OK)
			finish_statement(pg, step, res);
		break;
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		finish_statement(pg, step, res);
		break;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		end_copy(pg, err);
		break;
	case PGRES_PIPELINE_SYNC:
		pg->synced_us = clock_mono_us();
		break;
	case PGRES_PIPELINE_ABORTED:
		break;
	default:
		take_failure(pg, step, res, err);
	}
}

/* Rows one by one: what a statement returns need not fit into memory. */
static void start_step(struct pg *pg, struct pg_step *step)
{
	if (step->started)
		return;
	step->started = true;
	if (step->kind != STEP_STATEMENT)
		return;
	if (step->statement.of_script) {
		talloc_free(pg->notices);
		pg->notices = NULL;
	}
	if (step->statement.row || step->statement.of_script)
		PQsetSingleRowMode(pg->conn);
}

/* Between two statements: libpq has given the NULL that ends the results of
   the one before, which sending another one would make it swallow. */
static bool is_between(const struct pg *pg)
{
	return !pg->steps[pg->step_head].started;
}

/* All, or only until that outcome is known or something has failed. */
static void take_until(struct pg *pg, const struct pg_outcome *until,
		       struct error *err)
{
	while (pg->step_head < pg->step_tail && !pg->lost) {
		struct pg_step *step = &pg->steps[pg->step_head];
		PGresult *res;

		if (until && (until->done || pg->failed) && is_between(pg))
			break;
		start_step(pg, step);
		if (!pg_await_result(pg)) {
			pg->lost = true;
			break;
		}
		res = PQgetResult(pg->conn);
		if (res) {
			bool mark = PQresultStatus(res) == PGRES_PIPELINE_SYNC;

			take_result(pg, step, res, err);
			PQclear(res);
			if (mark)
				pg->step_head++;
		} else if (PQstatus(pg->conn) == CONNECTION_BAD ||
			   step->kind == STEP_SYNC) {
			pg->lost = true;
		} else {
			pg->step_head++;
		}
	}
}

static void forget_steps(struct pg *pg)
{
	pg->step_head = pg->step_tail = 0;
	TALLOC_FREE(pg->texts);
	if (pg->deallocated)
		pg_forget_kept(pg);
	pg->deallocated = false;
	for (size_t i = 0; i < pg->kept_count; i++)
		pg->kept[i]->sent = false;
}

/* libpq itself does not tell while something is on its way. */
void pg_note_transaction(struct pg *pg)
{
	PGTransactionStatusType status =
		pg->lost ? PQTRANS_UNKNOWN : PQtransactionStatus(pg->conn);

	pg->inside = status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

static void begin_wait(struct pg *pg)
{
	pg->failed = pg->script_failed = false;
	pg->failed_at = pg->stopped = 0;
	pg->cancelled_us = 0;
	pg->synced_us = clock_mono_us();
}

static int finish_wait(struct pg *pg, struct error *err)
{
	if (!pg->lost) {
		if (pg_mark(pg, err) < 0)
			return -1;
		take_until(pg, NULL, err);
	}
	forget_steps(pg);
	pg_note_transaction(pg);
	if (pg->lost && pg->conn)
		return pg_failure_lost(pg, err);
	return pg->failed ? -1 : pg->stopped;
}

int pg_sync(struct pg *pg, struct error *err)
{
	if (pg->lost)
		return pg_failure_lost(pg, err);
	begin_wait(pg);
	return finish_wait(pg, err);
}

int pg_await(struct pg *pg, const struct pg_outcome *outcome, struct error *err)
{
	if (pg->lost)
		return pg_failure_lost(pg, err);
	begin_wait(pg);
	take_until(pg, outcome, err);
	if (pg->lost || !outcome->done)
		return finish_wait(pg, err);
	return 0;
}

int pg_run(struct pg *pg, const struct pg_statement *statement,
	   struct error *err)
{
	if (pg_send(pg, statement, err) < 0)
		return -1;
	return pg_sync(pg, err);
}

int pg_run_sql(struct pg *pg, const char *sql, struct error *err)
{
	const struct pg_statement statement = { .sql = sql };

	return pg_run(pg, &statement, err);
}
