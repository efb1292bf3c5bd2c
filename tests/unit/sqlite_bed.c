#include "tests/unit/sqlite_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/text.h"

int bed_set_up(void **state)
{
	struct bed *p = talloc_zero(NULL, struct bed);
	const char *tmp = getenv("TMPDIR");

	p->folder = talloc_asprintf(p, "%s/test_sqlite_XXXXXX",
				    tmp ? tmp : "/tmp");
	if (!mkdtemp(p->folder))
		return -1;
	p->options = (struct db_options){ .top = p->folder,
					  .create = true,
					  .count_limit = 1000 };
	*state = p;
	return 0;
}

int bed_tear_down(void **state)
{
	struct bed *p = *state;
	char *command = talloc_asprintf(p, "rm -rf '%s'", p->folder);
	int result;

	error_release(&p->err);
	result = chdir("/") + system(command);
	talloc_free(p);
	return result;
}

char *bed_path(struct bed *p, const char *file)
{
	return talloc_asprintf(p, "%s/%s", p->folder, file);
}

bool bed_has(struct bed *p, const char *file)
{
	return access(bed_path(p, file), F_OK) == 0;
}

struct db *bed_open(struct bed *p, const char *file)
{
	char *url = talloc_asprintf(p, "sqlite:%s", file);
	struct db *db = NULL;

	if (sqlite->open(p, url, &p->options, &db, &p->err) < 0)
		print_error("%s\n", p->err.message);
	assert_non_null(db);
	return db;
}

static int append_row(const char *const *values, int count, void *data)
{
	char **out = data;

	if (**out)
		*out = talloc_strdup_append(*out, ";");
	for (int i = 0; i < count; i++)
		*out = talloc_asprintf_append(*out, "%s%s", i ? "|" : "",
					      values[i] ? values[i] : "NULL");
	return 0;
}

char *bed_ask(struct bed *p, struct db *db, const char *sql)
{
	char *out = talloc_strdup(p, "");

	if (sqlite->query(db, sql, NULL, 0, append_row, &out, &p->err) == 0)
		return out;
	out = talloc_asprintf(p, "error: %s", p->err.message);
	error_release(&p->err);
	return out;
}

void bed_prepare(struct bed *p, struct db *db, const char *sql)
{
	struct sql_extent e = { 0 };

	while (sql_next_statement(sql, strlen(sql), e.next, SQL_SQLITE, &e)) {
		char *one = talloc_strndup(p, sql + e.offset, e.length);

		assert_string_equal(bed_ask(p, db, one), "");
	}
}

struct script *bed_script(struct bed *p, const char *text)
{
	struct script *script = NULL;

	assert_int_equal(script_parse(p, "m/1.up.sql", talloc_strdup(p, text),
				      strlen(text), SQL_SQLITE, &script,
				      &p->err),
			 0);
	assert_int_equal(sqlite->split(script, &p->err), 0);
	return script;
}

int bed_run(struct bed *p, struct db *db, const char *text, struct facts **out)
{
	struct script *script = bed_script(p, text);
	struct facts *facts = facts_new(p, 1, "x", DIRECTION_UP);
	bool inside = !script->no_transaction;
	int result = 0;

	if (out)
		*out = facts;
	error_release(&p->err);
	if (inside && sqlite->begin(db, script, &p->err) < 0)
		return -1;
	for (size_t n = 0; result == 0 && n < script->statement_count; n++)
		result = sqlite->execute(db, script, n, facts, &p->err);
	if (result == 0 && inside)
		result = sqlite->commit(db, &p->err);
	if (result < 0)
		sqlite->rollback(db);
	facts_release_locks(facts, clock_mono_us());
	return result;
}

void bed_runs(struct bed *p, struct db *db, const char *text)
{
	if (bed_run(p, db, text, NULL) < 0) {
		print_error("%s: %s\n", p->err.message,
			    p->err.detail ? p->err.detail : "");
		fail();
	}
}
