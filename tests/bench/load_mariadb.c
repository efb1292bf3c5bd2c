#include <mysql.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*
 * load_mariadb SOCKET DATABASE CLIENTS RATE SECONDS   an application on the
 * table accounts of load_mariadb: what pgbench calls simple-update, so often a
 * second. Prints how many microseconds each transaction took since it was due.
 */

struct client {
	pthread_t thread;
	const char *socket, *database;
	unsigned seed;
	int64_t every_us, first_us, end_us;
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void sleep_until(int64_t when_us)
{
	int64_t left = when_us - now_us();
	struct timespec t = { 0 };

	if (left <= 0)
		return;
	t.tv_sec = left / 1000000;
	t.tv_nsec = (long)(left % 1000000) * 1000;
	nanosleep(&t, NULL);
}

static void run(MYSQL *mysql, const char *sql)
{
	MYSQL_RES *result;

	if (mysql_query(mysql, sql)) {
		fprintf(stderr, "error: %s\n", mysql_error(mysql));
		exit(1);
	}
	result = mysql_store_result(mysql);
	if (result)
		mysql_free_result(result);
}

static void transaction(MYSQL *mysql, int id)
{
	char sql[160];

	run(mysql, "START TRANSACTION");
	snprintf(sql, sizeof(sql),
		 "UPDATE accounts SET balance = balance + 1 WHERE id = %d", id);
	run(mysql, sql);
	snprintf(sql, sizeof(sql), "SELECT balance FROM accounts WHERE id = %d",
		 id);
	run(mysql, sql);
	snprintf(sql, sizeof(sql), "INSERT INTO history (account) VALUES (%d)",
		 id);
	run(mysql, sql);
	run(mysql, "COMMIT");
}

static void *work(void *data)
{
	struct client *c = data;
	MYSQL *mysql = mysql_init(NULL);

	if (!mysql_real_connect(mysql, NULL, "root", NULL, c->database, 0,
				c->socket, 0)) {
		fprintf(stderr, "error: %s\n", mysql_error(mysql));
		exit(1);
	}
	for (int64_t due = c->first_us; due < c->end_us; due += c->every_us) {
		sleep_until(due);
		transaction(mysql, 1 + rand_r(&c->seed) % 100000);
		printf("%lld\n", (long long)(now_us() - due));
	}
	mysql_close(mysql);
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc == 6 ? atoi(argv[3]) : 0;
	int rate = argc == 6 ? atoi(argv[4]) : 0;
	struct client *clients;
	int64_t now;

	if (count < 1 || rate < 1 || mysql_library_init(0, NULL, NULL))
		return 2;
	clients = calloc((size_t)count, sizeof(*clients));
	now = now_us();
	for (int i = 0; i < count; i++) {
		struct client *c = &clients[i];

		c->socket = argv[1];
		c->database = argv[2];
		c->seed = (unsigned)i;
		c->every_us = (int64_t)1000000 * count / rate;
		c->first_us = now + i * c->every_us / count;
		c->end_us = now + atoi(argv[5]) * (int64_t)1000000;
		if (pthread_create(&c->thread, NULL, work, c))
			return 1;
	}
	for (int i = 0; i < count; i++)
		pthread_join(clients[i].thread, NULL);
	free(clients);
	mysql_library_end();
	return 0;
}
