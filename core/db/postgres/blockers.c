#include "core/db/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/base/text.h"
#include "core/db/postgres/modes.h"

/* --- what is asked -------------------------------------------------------- */

struct asked {
	const char *relation;
	unsigned conflicts; /* modes that are in the way, as bits */
	int reach;
};

struct asking {
	struct asked *list;
	size_t count;
};

static void ask(struct asking *asking, const char *relation, int mode,
		int reach)
{
	struct asked *a = NULL;

	for (size_t i = 0; i < asking->count && !a; i++)
		if (!strcmp(asking->list[i].relation, relation))
			a = &asking->list[i];
	if (!a) {
		asking->list = talloc_realloc(asking, asking->list,
					      struct asked,
					      (unsigned)asking->count + 1);
		a = &asking->list[asking->count++];
		*a = (struct asked){ .relation = relation };
	}
	a->conflicts |= pg_mode_conflicts(mode);
	a->reach |= reach;
}

/* Nothing, when nobody would queue behind any of the statements. */
static struct asking *collect(const struct script *script, size_t first,
			      size_t count)
{
	struct asking *asking = talloc_zero(NULL, struct asking);
	bool queues = false;

	for (size_t n = first; n < first + count; n++) {
		const struct statement *s = &script->statements[n];

		queues = queues || s->need.queues;
		for (size_t i = 0; i < s->relation_count; i++) {
			int mode = i ? s->need.others : s->need.first;

			if (mode)
				ask(asking, s->relations[i], mode,
				    s->need.reach);
		}
	}
	if (!queues)
		asking->count = 0;
	return asking;
}

/* --- as arrays for the query ---------------------------------------------- */

static char *add_element(char *array, const char *text)
{
	array = talloc_strdup_append_buffer(array, *array ? ",\"" : "\"");
	for (; *text; text++)
		array = talloc_asprintf_append_buffer(
			array, *text == '"' || *text == '\\' ? "\\%c" : "%c",
			*text);
	return talloc_strdup_append_buffer(array, "\"");
}

static const char *close_array(TALLOC_CTX *mem, const char *elements)
{
	return talloc_asprintf(mem, "{%s}", elements);
}

static char *modes_text(TALLOC_CTX *mem, unsigned bits)
{
	char *text = talloc_strdup(mem, "/");

	for (int mode = 0; mode < PG_MODE_COUNT; mode++)
		if (bits & (1u << mode))
			text = talloc_asprintf_append_buffer(
				text, "%s/", pg_mode_name(mode));
	return text;
}

static void fill_params(TALLOC_CTX *mem, const struct asking *asking,
			const char *params[4])
{
	char *arrays[4];

	for (int k = 0; k < 4; k++)
		arrays[k] = talloc_strdup(mem, "");
	for (size_t i = 0; i < asking->count; i++) {
		const struct asked *a = &asking->list[i];
		char reach[2] = { (char)('0' + a->reach), '\0' };

		arrays[0] = add_element(arrays[0],
					pg_quote_relation(mem, a->relation));
		arrays[1] = add_element(arrays[1], pg_quote(mem, a->relation));
		arrays[2] = add_element(arrays[2],
					modes_text(mem, a->conflicts));
		arrays[3] = add_element(arrays[3], reach);
	}
	for (int k = 0; k < 4; k++)
		params[k] = close_array(mem, arrays[k]);
}

/* --- who is there --------------------------------------------------------- */

static const char *copy(TALLOC_CTX *mem, const char *text)
{
	return text && *text ? talloc_strdup(mem, text) : NULL;
}

void pg_take_blocker(TALLOC_CTX *mem, const char *const *values,
		     struct fact_blocker *b)
{
	bool hidden = values[6] &&
		      !strcmp(values[6], "<insufficient privilege>");

	memset(b, 0, sizeof(*b));
	b->pid = values[0] ? strtoll(values[0], NULL, 10) : 0;
	b->transaction = copy(mem, values[1]);
	b->user = copy(mem, values[2]);
	b->application = copy(mem, values[3]);
	b->age_ms = values[4] ? strtod(values[4], NULL) : -1;
	b->state = copy(mem, values[5]);
	b->query = hidden ? NULL : copy(mem, values[6]);
	b->relation = copy(mem, values[7]);
	b->mode = copy(mem, values[8]);
}

struct look {
	TALLOC_CTX *mem;
	struct fact_blocker *list;
	size_t count;
	char *vacuumed; /* a relation that an autovacuum holds */
};

static int take_row(const char *const *values, int count, void *data)
{
	struct look *look = data;
	struct fact_blocker *b;

	(void)count;
	look->list = talloc_realloc(look->mem, look->list, struct fact_blocker,
				    (unsigned)look->count + 1);
	b = &look->list[look->count++];
	pg_take_blocker(look->mem, values, b);
	if (values[9] && *values[9] == 't' && !look->vacuumed)
		look->vacuumed = talloc_strdup(look->mem, values[11]);
	b->remedy = copy(look->mem, values[10]);
	return 0;
}

#define SHOO_AGAIN_US 10000000

/*
 * An autovacuum gives way to whoever has waited for deadlock_timeout. It is
 * made to by a lock that it keeps out and that keeps out nobody else: waiting
 * so long with a strong one would stop the application.
 */
static void shoo_vacuum(struct pg *pg, const char *relation)
{
	struct error ignored = { 0 };
	int64_t now = clock_mono_us();
	char *lock;

	if (pg->shooed_us && now - pg->shooed_us < SHOO_AGAIN_US)
		return;
	pg->shooed_us = now;
	lock = talloc_asprintf(
		NULL, "LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE", relation);
	if (pg_send_sql(pg, "BEGIN", &ignored) < 0 ||
	    pg_send_sql(pg,
			"SELECT pg_catalog.set_config('lock_timeout', "
			"(setting::integer + 500)::text, true) "
			"FROM pg_catalog.pg_settings "
			"WHERE name = 'deadlock_timeout'",
			&ignored) < 0 ||
	    pg_run_sql(pg, lock, &ignored) < 0)
		error_release(&ignored);
	if (pg->inside && pg_run_sql(pg, "ROLLBACK", &ignored) < 0)
		error_release(&ignored);
	talloc_free(lock);
}

static int take_flag(const char *const *values, int count, void *data)
{
	(void)count;
	*(bool *)data = *values[0] == 't';
	return 0;
}

/* Where nobody else is at work, as in a deployment at night, this is all. */
static int has_company(struct pg *pg, bool *company, struct error *err)
{
	const struct pg_statement statement = {
		.sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l "
		       "WHERE l.locktype = 'relation' AND l.granted "
		       "AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() "
		       "AND l.database = (SELECT d.oid "
		       "FROM pg_catalog.pg_database d "
		       "WHERE d.datname = pg_catalog.current_database()))",
		.keep = true,
		.row = take_flag,
		.data = company,
	};

	return pg_run(pg, &statement, err);
}

static int look(struct pg *pg, const struct asking *asking, struct look *look,
		struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	const char *params[4];
	const struct pg_statement statement = {
		.sql = embed_text("core/db/postgres/blockers.sql"),
		.params = params,
		.param_count = 4,
		.keep = true,
		.row = take_row,
		.data = look,
	};
	int result;

	fill_params(mem, asking, params);
	result = pg_run(pg, &statement, err);
	talloc_free(mem);
	if (result == 0 && look->vacuumed)
		shoo_vacuum(pg, look->vacuumed);
	return result;
}

int pg_blockers(TALLOC_CTX *mem, struct db *db, const struct script *script,
		size_t first, size_t count, struct fact_blocker **blockers,
		size_t *blocker_count, struct error *err)
{
	struct pg *pg = pg_of(db);
	struct asking *asking = collect(script, first, count);
	struct look found = { .mem = mem };
	bool company = false;
	int result = 0;

	pg_row_wait_recall(mem, pg, blockers, blocker_count);
	if (*blocker_count) {
		talloc_free(asking);
		return 0;
	}
	/* between its statements a script has the session for itself */
	if (asking->count && first == 0)
		result = pg_reset(pg, err);
	if (asking->count && result == 0)
		result = has_company(pg, &company, err);
	if (company && result == 0)
		result = look(pg, asking, &found, err);
	talloc_free(asking);
	*blockers = found.list;
	*blocker_count = found.count;
	return result;
}
