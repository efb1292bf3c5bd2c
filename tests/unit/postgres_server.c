#include "tests/unit/postgres_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

static char *own_server; /* the folder of one that was started here */

static void take_export(char *line)
{
	char *word, *rest = line + strlen("export ");

	rest[strcspn(rest, "\n")] = '\0';
	while ((word = strsep(&rest, " ")) != NULL) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (*value == '\'') {
			value++;
			value[strlen(value) - 1] = '\0';
		}
		setenv(word, value, 1);
	}
}

/* The runner gives the server as a URL alone; some tests need its parts. */
static int take_parts(const char *server)
{
	char host[128], port[16];

	if (sscanf(server, "postgresql://%*[^@]@%127[^:]:%15[0-9]", host,
		   port) != 2)
		return -1;
	setenv("PGHOST", host, 1);
	setenv("PGPORT", port, 1);
	return 0;
}

int pgt_setup(void **state)
{
	const char *server = getenv("POSTGRES_SERVER");
	char line[1024];
	FILE *out;

	(void)state;
	if (server)
		return take_parts(server);
	setenv("POSTGRES_CONF", "max_prepared_transactions = 10", 0);
	out = popen("sh tests/lib/postgres.sh start", "r");
	while (out && fgets(line, sizeof(line), out))
		if (!strncmp(line, "export ", 7))
			take_export(line);
	if (!out || pclose(out) != 0 || !getenv("POSTGRES_DIR"))
		return -1;
	own_server = getenv("POSTGRES_DIR");
	return 0;
}

int pgt_teardown(void **state)
{
	(void)state;
	if (own_server)
		return system(
			"sh tests/lib/postgres.sh stop \"$POSTGRES_DIR\"");
	return 0;
}

char *pgt_url(TALLOC_CTX *mem, const char *database)
{
	return talloc_asprintf(mem, "%s/%s", getenv("POSTGRES_SERVER"),
			       database);
}

struct db *pgt_open(TALLOC_CTX *mem, const char *url)
{
	const struct db_options options = { .wait_ms = 10000 };
	struct error err = { 0 };
	struct db *db = NULL;

	assert_ok(db_open(mem, url, &options, &db, &err), &err);
	return db;
}

char *pgt_database(TALLOC_CTX *mem)
{
	static unsigned count;
	char *main_url = pgt_url(mem, "postgres");
	struct db *db = pgt_open(mem, main_url);
	char *name = talloc_asprintf(mem, "unit_%d_%u", (int)getpid(), count++);
	char *sql = talloc_asprintf(mem, "CREATE DATABASE %s", name);

	pgt_sql(db, sql);
	talloc_free(db);
	return pgt_url(mem, name);
}

void pgt_sql(struct db *db, const char *sql)
{
	struct error err = { 0 };
	TALLOC_CTX *mem = talloc_new(NULL);
	struct script *script = pgt_script(mem, sql);

	for (size_t i = 0; i < script->statement_count; i++) {
		const struct statement *s = &script->statements[i];
		char *text = talloc_strndup(mem, script->text + s->offset,
					    s->length);

		assert_ok(
			db->engine->query(db, text, NULL, 0, NULL, NULL, &err),
			&err);
	}
	talloc_free(mem);
}

struct answer {
	TALLOC_CTX *mem;
	char *text;
};

static int take_answer(const char *const *values, int count, void *data)
{
	struct answer *answer = data;

	(void)count;
	if (!answer->text)
		answer->text = talloc_strdup(answer->mem,
					     values[0] ? values[0] : "(null)");
	return 0;
}

char *pgt_ask(TALLOC_CTX *mem, struct db *db, const char *sql)
{
	struct answer answer = { mem, NULL };
	struct error err = { 0 };

	assert_ok(
		db->engine->query(db, sql, NULL, 0, take_answer, &answer, &err),
		&err);
	return answer.text;
}

struct script *pgt_script(TALLOC_CTX *mem, const char *text)
{
	struct script *script = NULL;
	struct error err = { 0 };
	size_t length = strlen(text);

	assert_ok(script_parse(mem, "migrations/m.up.sql",
			       talloc_strdup(mem, text), length, SQL_POSTGRESQL,
			       &script, &err),
		  &err);
	assert_ok(db_engine_postgres.split(script, &err), &err);
	return script;
}

static int run_all(struct db *db, const struct script *script,
		   struct facts *facts, struct error *err)
{
	if (!script->no_transaction && db->engine->begin(db, script, err) < 0)
		return -1;
	for (size_t n = 0; n < script->statement_count; n++)
		if (db->engine->execute(db, script, n, facts, err) < 0)
			return -1;
	return script->no_transaction ? 0 : db->engine->commit(db, err);
}

int pgt_run(TALLOC_CTX *mem, struct db *db, const char *text,
	    struct facts **facts, struct error *err)
{
	struct script *script = pgt_script(mem, text);
	int result;

	*facts = facts_new(mem, 20260101000000, "m", DIRECTION_UP);
	result = run_all(db, script, *facts, err);
	if (result < 0)
		db->engine->rollback(db);
	facts_release_locks(*facts, clock_mono_us());
	return result;
}

struct facts *pgt_well(TALLOC_CTX *mem, struct db *db, const char *text)
{
	struct error err = { 0 };
	struct facts *facts;

	assert_ok(pgt_run(mem, db, text, &facts, &err), &err);
	return facts;
}

char *pgt_locks(TALLOC_CTX *mem, const struct facts *facts)
{
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < facts->lock_count; i++)
		text = talloc_asprintf_append(text, "%s%s %s", i ? ", " : "",
					      facts->locks[i].relation,
					      facts->locks[i].mode);
	return text;
}

char *pgt_error(TALLOC_CTX *mem, struct error *err)
{
	char *text = talloc_asprintf(
		mem, "%d|%s|%s|%s|%s|%s:%d:%d", (int)err->code,
		err->message ? err->message : "",
		err->detail ? err->detail : "", err->hint ? err->hint : "",
		err->sqlstate, err->file ? err->file : "", err->line,
		err->column);

	error_release(err);
	return text;
}
