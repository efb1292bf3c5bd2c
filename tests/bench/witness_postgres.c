#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/witness.h"

/*
 * witness_postgres probe URL TABLE SECONDS
 *	tries to lock the table without waiting, a thousand times a second, and
 *	prints each stretch of time in which it could not: its length and how
 *	much longer it may have been, in milliseconds.
 *
 * witness_postgres wait URL TABLE WAITER...
 *	sessions that read the table, as they have done before, each a WAITER of
 *	DELAY:TIMEOUT (ms; begin, and give up, 0: never), and prints for each
 *	its process, how long it waited by the clock and whether it gave up; and
 *	how long it really did: by the server, or until its time-out; 0: not
 *	told. Begins once the table is locked.
 */

static PGconn *connect_to(const char *url)
{
	PGconn *c = PQconnectdb(url);

	if (PQstatus(c) != CONNECTION_OK) {
		fputs(PQerrorMessage(c), stderr);
		exit(1);
	}
	return c;
}

/* Whether the statement succeeded. */
static int run(PGconn *c, const char *sql)
{
	PGresult *r = PQexec(c, sql);
	ExecStatusType status = PQresultStatus(r);

	PQclear(r);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static int is_free(void *c, const char *table)
{
	char sql[256];
	int free;

	snprintf(sql, sizeof(sql),
		 "BEGIN; LOCK TABLE %s IN ACCESS SHARE MODE NOWAIT", table);
	free = run(c, sql);
	run(c, "ROLLBACK");
	return free;
}

static int probe(const char *url, const char *table, double seconds)
{
	PGconn *c = connect_to(url);

	tell_busy(is_free, c, table, seconds);
	PQfinish(c);
	return 0;
}

struct waiter {
	pthread_t thread;
	const char *table;
	double delay, timeout, waited, told;
	int pid, served;
	PGconn *c;
};

static double begin_ms; /* for all of them */

static void *wait_for_it(void *data)
{
	struct waiter *w = data;
	char sql[256];
	double start;

	snprintf(sql, sizeof(sql), "SELECT 1 FROM %s LIMIT 1", w->table);
	pause_ms(begin_ms + w->delay - now_ms());
	start = now_ms();
	w->served = run(w->c, sql);
	w->waited = now_ms() - start;
	if (!w->served)
		w->told = w->timeout;
	return NULL;
}

/* "process 1 acquired AccessShareLock on relation 2 ... after 3.456 ms" */
static void take_notice(void *data, const char *message)
{
	struct waiter *w = data;
	const char *after = strstr(message, " after ");

	if (after && strstr(message, " acquired "))
		w->told = atof(after + strlen(" after "));
}

/* What reading it for the first time takes is no waiting. */
static void prepare(struct waiter *w)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT 1 FROM %s LIMIT 1", w->table);
	run(w->c, sql);
	PQsetNoticeProcessor(w->c, take_notice, w);
	snprintf(sql, sizeof(sql),
		 "SET lock_timeout = %d; SET log_lock_waits = on; "
		 "SET deadlock_timeout = 10; SET client_min_messages = log; "
		 "SET log_min_messages = panic",
		 (int)w->timeout);
	run(w->c, sql);
}

static int wait_all(const char *url, const char *table, int count, char **specs)
{
	struct waiter *list = calloc((size_t)count, sizeof(*list));
	PGconn *c = connect_to(url);

	for (int i = 0; i < count; i++) {
		struct waiter *w = &list[i];

		sscanf(specs[i], "%lf:%lf", &w->delay, &w->timeout);
		w->table = table;
		w->c = connect_to(url);
		w->pid = PQbackendPID(w->c);
		prepare(w);
	}
	puts("ready");
	fflush(stdout);
	while (is_free(c, table))
		pause_ms(1);
	begin_ms = now_ms();
	for (int i = 0; i < count; i++)
		pthread_create(&list[i].thread, NULL, wait_for_it, &list[i]);
	for (int i = 0; i < count; i++) {
		pthread_join(list[i].thread, NULL);
		printf("%d %.3f %s %.3f\n", list[i].pid, list[i].waited,
		       list[i].served ? "served" : "gone", list[i].told);
		PQfinish(list[i].c);
	}
	PQfinish(c);
	free(list);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "probe"))
		return probe(argv[2], argv[3], atof(argv[4]));
	if (argc > 4 && !strcmp(argv[1], "wait"))
		return wait_all(argv[2], argv[3], argc - 4, argv + 4);
	return 2;
}
