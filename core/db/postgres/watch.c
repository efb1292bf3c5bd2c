#include "core/db/postgres/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/*
 * CREATE INDEX CONCURRENTLY and its like wait for other transactions without
 * being in anybody's way, but must not do so for ever; ended by a lock
 * time-out, they would leave an invalid index. Only a second connection can see
 * what they wait for. It is opened once one of them takes long.
 */

#define FIRST_LOOK_US 300000
#define LOOK_AGAIN_US 250000
#define CLEAN_UP_MS 1000
#define MOST_SEEN 5

struct pg_watch {
	const struct statement *statement;
	int64_t looked_us, waited_us;
	char *invalid; /* indexes that were so before, as an array */
	bool blind;    /* no second connection is to be had */
	bool over;
	TALLOC_CTX *turn; /* of the last look */
	struct fact_blocker seen[MOST_SEEN];
	size_t seen_count;
};

static int take_text(const char *const *values, int count, void *data)
{
	struct pg_watch *watch = data;

	(void)count;
	watch->invalid = talloc_strdup(watch, values[0] ? values[0] : "{}");
	return 0;
}

static char *first_relation(TALLOC_CTX *mem, const struct statement *s)
{
	return s->relation_count ? pg_quote_relation(mem, s->relations[0])
				 : talloc_strdup(mem, "\"\"");
}

/* Of a table, or of the one that an index belongs to. */
#define INVALID_INDEXES                                                        \
	"FROM pg_catalog.pg_index i WHERE NOT i.indisvalid "                   \
	"AND (i.indrelid = pg_catalog.to_regclass($1) OR i.indrelid = "        \
	"(SELECT o.indrelid FROM pg_catalog.pg_index o "                       \
	"WHERE o.indexrelid = pg_catalog.to_regclass($1))) "

int pg_watch_begin(struct pg *pg, const struct statement *s, struct error *err)
{
	struct pg_watch *watch;
	const char *params[1];
	struct pg_statement statement = {
		.sql = "SELECT "
		       "pg_catalog.array_agg(i.indexrelid) " INVALID_INDEXES,
		.params = params,
		.param_count = 1,
		.row = take_text,
	};

	if (pg->transaction != PG_IDLE || pg->inside || !s->no_transaction ||
	    !pg->db.wait_limit_ms)
		return 0;
	watch = talloc_zero(pg, struct pg_watch);
	watch->statement = s;
	watch->looked_us = clock_mono_us() + FIRST_LOOK_US - LOOK_AGAIN_US;
	params[0] = first_relation(watch, s);
	statement.data = watch;
	if (pg_run(pg, &statement, err) < 0) {
		talloc_free(watch);
		return -1;
	}
	pg->watch = watch;
	return 0;
}

/* --- while it runs -------------------------------------------------------- */

static int take_blocker(const char *const *values, int count, void *data)
{
	struct pg_watch *watch = data;

	(void)count;
	if (watch->seen_count < MOST_SEEN)
		pg_take_blocker(watch->turn, values,
				&watch->seen[watch->seen_count++]);
	return 0;
}

static bool has_watcher(struct pg *pg)
{
	struct db_options options = { .connect_ms = 2000, .read_only = true };
	struct error ignored = { 0 };

	if (pg->watcher || pg->watch->blind)
		return pg->watcher != NULL;
	if (pg_open_url(pg, &pg->url, &options, &pg->watcher, &ignored) < 0) {
		pg->watch->blind = true;
		error_release(&ignored);
	}
	return pg->watcher != NULL;
}

static void look(struct pg *pg)
{
	struct pg_watch *watch = pg->watch;
	struct error ignored = { 0 };
	char pid[16];
	const char *params[] = { pid };
	const struct pg_statement statement = {
		.sql = "SELECT b.pid, NULL, s.usename, s.application_name, "
		       "pg_catalog.round((extract(epoch FROM "
		       "pg_catalog.clock_timestamp() - s.xact_start) * 1000)"
		       "::numeric, 3), coalesce(s.state, CASE b.pid WHEN 0 "
		       "THEN 'a prepared transaction' ELSE s.backend_type END),"
		       "pg_catalog.left(s.query, 200), NULL, NULL "
		       "FROM (SELECT DISTINCT pid FROM pg_catalog.unnest("
		       "pg_catalog.pg_blocking_pids($1::integer)) AS u (pid)) "
		       "b "
		       "LEFT JOIN pg_catalog.pg_stat_activity s "
		       "ON s.pid = b.pid ORDER BY s.xact_start",
		.params = params,
		.param_count = 1,
		.row = take_blocker,
		.data = watch,
	};

	talloc_free(watch->turn);
	watch->turn = talloc_new(watch);
	watch->seen_count = 0;
	snprintf(pid, sizeof(pid), "%d", pg->backend_pid);
	if (pg_run(pg->watcher, &statement, &ignored) < 0) {
		watch->blind = true;
		error_release(&ignored);
	}
	pg->waiting_for = watch->seen_count
				  ? fact_blocker_text(watch->turn, watch->seen)
				  : NULL;
}

bool pg_watch_is_over(struct pg *pg)
{
	struct pg_watch *watch = pg->watch;
	int64_t now = clock_mono_us(), since;

	if (!watch || watch->over)
		return watch != NULL;
	since = now - watch->looked_us;
	if (since < LOOK_AGAIN_US || !has_watcher(pg) || watch->blind)
		return false;
	watch->looked_us = now;
	look(pg);
	if (watch->seen_count)
		watch->waited_us += since;
	watch->over = watch->seen_count &&
		      watch->waited_us >= (int64_t)pg->db.wait_limit_ms * 1000;
	return watch->over;
}

/* --- and after it --------------------------------------------------------- */

struct leftovers {
	TALLOC_CTX *mem;
	char *drop;
};

static int take_leftover(const char *const *values, int count, void *data)
{
	struct leftovers *left = data;

	(void)count;
	left->drop = talloc_asprintf(left->mem, "DROP INDEX CONCURRENTLY %s",
				     values[0]);
	return 0;
}

/* The command that drops what the statement has left half built, or NULL. */
static char *find_leftover(TALLOC_CTX *mem, struct pg *pg)
{
	struct pg_watch *watch = pg->watch;
	struct error ignored = { 0 };
	struct leftovers left = { .mem = mem };
	const char *params[] = { first_relation(mem, watch->statement),
				 watch->invalid };
	const struct pg_statement statement = {
		.sql = "SELECT "
		       "i.indexrelid::pg_catalog.regclass " INVALID_INDEXES
		       "AND i.indexrelid <> ALL ($2::pg_catalog.oid[])",
		.params = params,
		.param_count = 2,
		.row = take_leftover,
		.data = &left,
	};

	if (strcmp(watch->statement->kind, "CREATE INDEX") != 0 &&
	    strcmp(watch->statement->kind, "REINDEX") != 0)
		return NULL;
	if (pg_run(pg, &statement, &ignored) < 0)
		error_release(&ignored);
	return left.drop;
}

/* Dropping it waits for the same transactions; so not for long. */
static bool drop_leftover(struct pg *pg, const char *drop)
{
	struct error ignored = { 0 };
	char limit[48];
	bool dropped;

	snprintf(limit, sizeof(limit), "SET statement_timeout = %d",
		 CLEAN_UP_MS);
	dropped = pg_run_sql(pg, limit, &ignored) == 0 &&
		  pg_run_sql(pg, drop, &ignored) == 0;
	error_release(&ignored);
	return dropped;
}

static void clean_up(struct pg *pg, struct error *err)
{
	char *drop = find_leftover(pg->watch, pg);

	pg_limits_forget(pg);
	if (drop && !drop_leftover(pg, drop))
		error_hint(err,
			   "it left an invalid index; when nobody is in the "
			   "way: %s",
			   drop);
}

static int gave_up(struct pg *pg, struct error *err)
{
	struct pg_watch *watch = pg->watch;
	char *text = talloc_strdup(watch, "");

	for (size_t i = 0; i < watch->seen_count; i++)
		text = talloc_asprintf_append_buffer(
			text, "%s%s", i ? "\n" : "",
			fact_blocker_line(watch, &watch->seen[i]));
	error_release(err);
	error_set(err, ERROR_BUSY,
		  "the statement waited %s for other transactions",
		  text_duration(watch, (double)pg->db.wait_limit_ms));
	error_detail(err, "%s", text);
	return error_hint(err, "wait longer for them: --lock-wait DURATION");
}

int pg_watch_end(struct pg *pg, int result, struct error *err)
{
	struct pg_watch *watch = pg->watch;

	if (!watch)
		return result;
	pg->waiting_for = NULL;
	if (result < 0 && watch->over && !pg->lost && !pg->interrupted)
		gave_up(pg, err);
	if (result < 0 && !pg->lost)
		clean_up(pg, err);
	pg->watch = NULL;
	talloc_free(watch);
	return result;
}
