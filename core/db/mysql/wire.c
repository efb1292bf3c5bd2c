#include "core/db/mysql/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/text.h"

/*
 * All calls that wait for the server are the library's asynchronous ones, so
 * that the person can stop them and locks can be looked at meanwhile.
 */

#define TICK_US 100000
/* After that a server that does not answer is given up, whichever of its two
   connections is waited for. */
#define GIVE_UP_US 10000000

/* Whoever wanted to stop may have got what there was to stop: what undoes it is
   not to be stopped, so that the wish is asked for again each time. */
bool my_tick(struct my *my)
{
	int64_t now = clock_mono_us();
	bool before = my->interrupted;

	if (!my->db.options.tick)
		return before;
	if (!before && now - my->last_tick_us < TICK_US)
		return false;
	my->last_tick_us = now;
	my->interrupted = my->db.options.tick(my->waiting_for,
					      my->db.options.tick_data) != 0;
	if (my->interrupted && !before)
		my->interrupted_us = now;
	return my->interrupted;
}

static bool gave_up(const struct my *my)
{
	return my->interrupted &&
	       clock_mono_us() - my->interrupted_us >
		       (my->db.options.hasty ? 0 : GIVE_UP_US);
}

/* Asks the server to stop what the main connection runs; once. */
static void cancel(struct my *my)
{
	struct error ignored = { 0 };
	struct my_conn *side;
	char kill[48];

	if (my->cancelled_us)
		return;
	my->cancelled_us = clock_mono_us();
	snprintf(kill, sizeof(kill), "KILL QUERY %lu", my->main.id);
	if (my_side(my, &side, &ignored) == 0)
		my_run_sql(side, kill, &ignored);
	error_release(&ignored);
}

/* The library then reports the connection as lost. */
static void hang_up(struct my_conn *c)
{
	shutdown(mysql_get_socket(c->mysql), SHUT_RDWR);
}

static void attend(struct my_conn *c)
{
	struct my *my = c->my;

	if (my_tick(my)) {
		if (gave_up(my))
			hang_up(c);
		else if (c->watched && !c->connecting)
			cancel(my);
		return;
	}
	if (!c->watched || c->connecting)
		return;
	my_watch_look(my);
}

static int pause_ms(const struct my_conn *c)
{
	const struct my_watch *watch = &c->my->watch;
	int64_t left;

	if (!c->watched || !watch->on || watch->ended)
		return TICK_US / 1000;
	left = (watch->next_us - clock_mono_us()) / 1000;
	return left < 1 ? 1 : left < 100 ? (int)left : 100;
}

int my_wait(struct my_conn *c, int status)
{
	struct pollfd pollers[2] = { { .fd = mysql_get_socket(c->mysql) } };
	struct pollfd *poller = &pollers[0];
	int64_t started = clock_mono_us();
	int ready, ms;

	if (status & MYSQL_WAIT_READ)
		poller->events |= POLLIN;
	if (status & MYSQL_WAIT_WRITE)
		poller->events |= POLLOUT;
	if (status & MYSQL_WAIT_EXCEPT)
		poller->events |= POLLPRI;
	for (;;) {
		ms = pause_ms(c);
		pollers[1] = (struct pollfd){ .fd = -1 };
		if (c->watched && !c->connecting)
			my_observe_wait(c->my, &pollers[1], &ms);
		ready = poll(pollers, 2, ms);
		if (ready > 0 && poller->revents)
			break;
		if (ready < 0 && errno != EINTR)
			return MYSQL_WAIT_EXCEPT;
		if (ready > 0)
			my_observe_go_on(c->my, &pollers[1]);
		attend(c);
		if (c->connecting && c->my->interrupted)
			return MYSQL_WAIT_TIMEOUT;
		if ((status & MYSQL_WAIT_TIMEOUT) &&
		    clock_mono_us() - started >
			    1000 * (int64_t)mysql_get_timeout_value_ms(
					   c->mysql))
			return MYSQL_WAIT_TIMEOUT;
	}
	ready = 0;
	if (poller->revents & (POLLIN | POLLHUP | POLLERR))
		ready |= status & MYSQL_WAIT_READ;
	if (poller->revents & (POLLOUT | POLLHUP | POLLERR))
		ready |= status & MYSQL_WAIT_WRITE;
	if (poller->revents & POLLPRI)
		ready |= MYSQL_WAIT_EXCEPT;
	return ready;
}

bool my_in_transaction(const struct my_conn *c)
{
	return c->mysql && (c->mysql->server_status & SERVER_STATUS_IN_TRANS);
}

static int failed(struct my_conn *c, struct error *err)
{
	return my_failure(c, mysql_errno(c->mysql), mysql_error(c->mysql),
			  mysql_sqlstate(c->mysql), err);
}

/* Reads one result to its end, as the next statement needs it. */
static int read_rows(struct my_conn *c, MYSQL_RES *result, db_row_fn take,
		     void *data, int *stopped, struct error *err)
{
	int count = (int)mysql_num_fields(result);
	MYSQL_ROW row;

	for (;;) {
		MY_CALL(c, row, mysql_fetch_row, result);
		if (!row)
			break;
		if (take && !*stopped)
			*stopped = take((const char *const *)row, count, data);
	}
	if (mysql_errno(c->mysql))
		return failed(c, err);
	return 0;
}

static int read_result(struct my_conn *c, db_row_fn take, void *data,
		       int *stopped, struct my_outcome *outcome,
		       struct error *err)
{
	MYSQL_RES *result = mysql_use_result(c->mysql);
	int status;

	if (!result) {
		if (mysql_field_count(c->mysql))
			return failed(c, err);
		outcome->rows = (int64_t)mysql_affected_rows(c->mysql);
		return 0;
	}
	status = read_rows(c, result, take, data, stopped, err);
	outcome->rows = -1;
	mysql_free_result(result);
	return status;
}

int my_take_several(struct my_conn *c, bool take, struct error *err)
{
	int result = 0;

	if (c->several == take)
		return 0;
	if (!c->mysql || c->lost)
		return my_failure(c, 0, NULL, NULL, err);
	c->several = -1;
	MY_CALL(c, result, mysql_set_server_option, c->mysql,
		take ? MYSQL_OPTION_MULTI_STATEMENTS_ON
		     : MYSQL_OPTION_MULTI_STATEMENTS_OFF);
	if (result)
		return failed(c, err);
	c->several = take;
	return 0;
}

static int count_row(const char *const *values, int count, void *data)
{
	(void)values;
	(void)count;
	++*(int64_t *)data;
	return 0;
}

static int count_rows(struct my_conn *c, int64_t *rows, struct error *err)
{
	struct my_outcome outcome = { .rows = -1 };
	int stopped = 0;

	*rows = 0;
	if (read_result(c, count_row, rows, &stopped, &outcome, err) < 0)
		return -1;
	if (outcome.rows >= 0)
		*rows = outcome.rows;
	return 0;
}

int my_run_several(struct my_conn *c, const char *sql, int64_t *rows,
		   size_t count, struct error *err)
{
	int result = 0;

	MY_CALL(c, result, mysql_real_query, c->mysql, sql, strlen(sql));
	for (size_t i = 0; !result && i < count; i++) {
		if (count_rows(c, &rows[i], err) < 0)
			return -1;
		if (i + 1 < count)
			MY_CALL(c, result, mysql_next_result, c->mysql);
	}
	return result ? failed(c, err) : 0;
}

/* A text of a script is one statement, or it is wrong. */
static int take_one(struct my_conn *c, const char *sql, size_t length,
		    struct error *err)
{
	if (!c->several || !memchr(sql, ';', length))
		return 0;
	return my_take_several(c, false, err);
}

int my_run(struct my_conn *c, const char *sql, size_t length, db_row_fn row,
	   void *data, struct my_outcome *out, struct error *err)
{
	struct my_outcome ours, *outcome = out ? out : &ours;
	int result = 0, stopped = 0;

	*outcome = (struct my_outcome){ .rows = -1 };
	if (!c->mysql || c->lost)
		return my_failure(c, 0, NULL, NULL, err);
	if (take_one(c, sql, length, err) < 0)
		return -1;
	MY_CALL(c, result, mysql_real_query, c->mysql, sql, length);
	if (result)
		return failed(c, err);
	for (;;) {
		if (read_result(c, row, data, &stopped, outcome, err) < 0)
			return -1;
		if (!mysql_more_results(c->mysql))
			return stopped;
		MY_CALL(c, result, mysql_next_result, c->mysql);
		if (result > 0)
			return failed(c, err);
		if (result < 0)
			return stopped;
	}
}

int my_run_sql(struct my_conn *c, const char *sql, struct error *err)
{
	return my_run(c, sql, strlen(sql), NULL, NULL, NULL, err);
}
