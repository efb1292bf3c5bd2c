#include "tests/unit/mysql_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct db *myt_open(TALLOC_CTX *mem, const char *url)
{
	const struct db_options options = { .wait_ms = 100,
					    .count_limit = 1000 };
	struct error err = { 0 };
	struct db *db = NULL;

	if (db_open(mem, url, &options, &db, &err) < 0)
		fail_msg("%s", err.message);
	return db;
}

void myt_sql(struct db *db, const char *text)
{
	struct error err = { 0 };

	if (my_run_sql(&my_of(db)->main, text, &err) < 0)
		fail_msg("%s: %s", text, err.message);
}

int myt_take(const char *const *values, int count, void *data)
{
	(void)count;
	snprintf(data, 256, "%s", values[0] ? values[0] : "(null)");
	return 0;
}

const char *myt_ask(struct db *db, const char *text)
{
	static char answer[256];
	struct error err = { 0 };

	strcpy(answer, "(no row)");
	if (my_run(&my_of(db)->main, text, strlen(text), myt_take, answer, NULL,
		   &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return answer;
}

char *myt_create(TALLOC_CTX *mem)
{
	static unsigned count;
	const char *server = getenv("MARIADB_SERVER");
	TALLOC_CTX *turn;
	char *name, *url;
	struct db *db;

	if (!server)
		return NULL;
	turn = talloc_new(NULL);
	name = talloc_asprintf(turn, "unit_%d_%u", (int)getpid(), count++);
	url = talloc_asprintf(mem, "%s/%s", server, name);
	db = myt_open(turn, talloc_asprintf(turn, "%s/mysql", server));
	myt_sql(db, talloc_asprintf(turn, "CREATE DATABASE %s", name));
	talloc_free(turn);
	return url;
}

void myt_drop(struct db *db)
{
	char *text = talloc_asprintf(NULL, "DROP DATABASE %s", db->database);

	myt_sql(db, text);
	talloc_free(text);
}
