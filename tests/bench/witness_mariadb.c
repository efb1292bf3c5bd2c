#include <mysql.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/witness.h"

/*
 * witness_mariadb probe SOCKET DATABASE PROBE SECONDS
 *	runs the statement PROBE without waiting for any table, a thousand times
 *	a second, and prints each stretch of time in which it could not: its
 *	length and how much longer it may have been, in milliseconds.
 *
 * witness_mariadb wait SOCKET DATABASE PROBE STATEMENT WAITER...
 *	sessions that run STATEMENT, each a WAITER of DELAY:TIMEOUT (ms; begin,
 *	and give up, 0: never), and prints for each its connection and how long
 *	it waited, and whether it gave up. Begins once PROBE cannot be run.
 */

static MYSQL *connect_to(const char *socket, const char *database)
{
	MYSQL *c = mysql_init(NULL);

	if (!mysql_real_connect(c, NULL, "root", NULL, database, 0, socket,
				0)) {
		fprintf(stderr, "error: %s\n", mysql_error(c));
		exit(1);
	}
	return c;
}

/* Whether the statement succeeded. */
static int run(MYSQL *c, const char *sql)
{
	int good = !mysql_query(c, sql);
	MYSQL_RES *result = good ? mysql_store_result(c) : NULL;

	if (result)
		mysql_free_result(result);
	return good;
}

static int is_free(void *c, const char *statement)
{
	int good = run(c, statement);

	if (!strncmp(statement, "LOCK", 4))
		run(c, "UNLOCK TABLES");
	return good;
}

static int probe(const char *socket, const char *database,
		 const char *statement, double seconds)
{
	MYSQL *c = connect_to(socket, database);

	run(c, "SET lock_wait_timeout = 0");
	tell_busy(is_free, c, statement, seconds);
	mysql_close(c);
	return 0;
}

struct waiter {
	pthread_t thread;
	const char *statement;
	double delay, timeout, waited;
	unsigned long id;
	int served;
	MYSQL *c;
};

static double begin_ms; /* for all of them */

static void *wait_for_it(void *data)
{
	struct waiter *w = data;
	double start;

	pause_ms(begin_ms + w->delay - now_ms());
	start = now_ms();
	w->served = run(w->c, w->statement);
	w->waited = now_ms() - start;
	return NULL;
}

static int wait_all(char **argv, int count, char **specs)
{
	struct waiter *list = calloc((size_t)count, sizeof(*list));
	MYSQL *c = connect_to(argv[2], argv[3]);

	run(c, "SET lock_wait_timeout = 0");
	run(c, "SET innodb_lock_wait_timeout = 0");
	for (int i = 0; i < count; i++) {
		struct waiter *w = &list[i];
		char sql[64];

		sscanf(specs[i], "%lf:%lf", &w->delay, &w->timeout);
		w->statement = argv[5];
		w->c = connect_to(argv[2], argv[3]);
		w->id = mysql_thread_id(w->c);
		snprintf(sql, sizeof(sql), "SET max_statement_time = %.3f",
			 w->timeout / 1000);
		run(w->c, sql);
	}
	puts("ready");
	fflush(stdout);
	while (is_free(c, argv[4]))
		pause_ms(1);
	begin_ms = now_ms();
	for (int i = 0; i < count; i++)
		pthread_create(&list[i].thread, NULL, wait_for_it, &list[i]);
	for (int i = 0; i < count; i++) {
		pthread_join(list[i].thread, NULL);
		printf("%lu %.3f %s\n", list[i].id, list[i].waited,
		       list[i].served ? "served" : "gone");
		mysql_close(list[i].c);
	}
	mysql_close(c);
	free(list);
	return 0;
}

int main(int argc, char **argv)
{
	mysql_library_init(0, NULL, NULL);
	if (argc == 6 && !strcmp(argv[1], "probe"))
		return probe(argv[2], argv[3], argv[4], atof(argv[5]));
	if (argc > 6 && !strcmp(argv[1], "wait"))
		return wait_all(argv, argc - 6, argv + 6);
	return 2;
}
