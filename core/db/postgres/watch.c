#include "core/db/postgres/index.h"

#include <limits.h>
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
#define LEAST_WAIT_MS 1000

struct pg_watch {
	struct pg_index_search indexes; /* that it makes */
	char *before; /* what was there; NULL: it makes none */
	int64_t looked_us, waited_us;
	bool blind; /* no second connection is to be had */
	bool over;
	TALLOC_CTX *turn; /* of the last look */
	struct fact_blocker seen[PG_MOST_SEEN];
	size_t seen_count;
};

static int take_text(const char *const *values, int count, void *data)
{
	struct pg_watch *watch = data;

	(void)count;
	watch->before = talloc_strdup(watch, values[0]);
	return 0;
}

static int look_before(struct pg *pg, struct pg_watch *watch,
		       const struct statement *s, struct error *err)
{
	struct pg_statement ask;

	if (!pg_index_search(watch, pg->script, s, &watch->indexes))
		return 0;
	ask = pg_index_ask_before(&watch->indexes);
	ask.row = take_text;
	ask.data = watch;
	return pg_run(pg, &ask, err);
}

static struct pg_watch *watch_new(struct pg *pg)
{
	struct pg_watch *watch = talloc_zero(pg, struct pg_watch);

	watch->looked_us = clock_mono_us() + FIRST_LOOK_US - LOOK_AGAIN_US;
	return watch;
}

int pg_watch_begin(struct pg *pg, const struct statement *s, struct error *err)
{
	struct pg_watch *watch;

	if (pg->transaction != PG_IDLE || pg->inside || !s->no_transaction ||
	    !pg->db.wait_limit_ms)
		return 0;
	watch = watch_new(pg);
	if (look_before(pg, watch, s, err) < 0) {
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
	if (watch->seen_count < PG_MOST_SEEN)
		pg_take_blocker(watch->turn, values,
				&watch->seen[watch->seen_count++]);
	return 0;
}

bool pg_watcher_open(struct pg *pg)
{
	struct db_options options = { .connect_ms = 2000, .read_only = true };
	struct error ignored = { 0 };

	if (!pg->watcher &&
	    pg_open_url(pg, &pg->url, &options, &pg->watcher, &ignored) < 0)
		error_release(&ignored);
	return pg->watcher != NULL;
}

/* Where the role may have but so many connections, seeing to it that the
   statement does not wait for ever is worth more than measuring it. */
static bool has_watcher(struct pg *pg)
{
	if (pg->watcher || pg->watch->blind)
		return pg->watcher != NULL;
	if (!pg_watcher_open(pg) && pg_observe_close(pg))
		pg_watcher_open(pg);
	pg->watch->blind = !pg->watcher;
	return pg->watcher != NULL;
}

void pg_leave_alone(struct pg *pg)
{
	pg_observe_close(pg);
	talloc_free(pg->watcher);
	pg->watcher = NULL;
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

/* --- statements of our own ------------------------------------------------ */

struct setting {
	TALLOC_CTX *mem;
	char *value;
};

static int take_setting(const char *const *values, int count, void *data)
{
	struct setting *setting = data;

	(void)count;
	setting->value = talloc_strdup(setting->mem,
				       values[0] ? values[0] : "0");
	return 0;
}

static int change(struct pg *pg, const char *name, const char *value,
		  struct error *err)
{
	const char *params[] = { name, value };
	const struct pg_statement statement = {
		.sql = "SELECT pg_catalog.set_config($1, $2, false)",
		.params = params,
		.param_count = 2,
	};

	return pg_run(pg, &statement, err);
}

/* With a time-out, a setting of the session's, of so many ms. */
static int run_with(struct pg *pg, const char *setting, int ms,
		    int (*run)(struct pg *pg, const char *sql,
			       struct error *err),
		    const char *sql, struct error *err)
{
	struct setting before = { .mem = talloc_new(NULL) };
	struct error ignored = { 0 };
	const struct pg_statement ask = {
		.sql = "SELECT pg_catalog.current_setting($1)",
		.params = &setting,
		.param_count = 1,
		.row = take_setting,
		.data = &before,
	};
	char value[16];
	int result = -1;

	snprintf(value, sizeof(value), "%d", ms);
	if (pg_run(pg, &ask, err) == 0 &&
	    change(pg, setting, value, err) == 0) {
		result = run(pg, sql, err);
		if (change(pg, setting, before.value, result ? &ignored : err) <
		    0)
			result = -1;
	}
	error_release(&ignored);
	talloc_free(before.mem);
	return result;
}

static int run_watched(struct pg *pg, const char *sql, struct error *err)
{
	if (pg->db.wait_limit_ms)
		pg->watch = watch_new(pg);
	return pg_watch_end(pg, pg_run_sql(pg, sql, err), err);
}

int pg_run_patiently(struct pg *pg, const char *sql, struct error *err)
{
	int wait = pg->db.wait_limit_ms;

	/* should nobody be there to look, or nothing be said of patience */
	if (wait < LEAST_WAIT_MS)
		wait = LEAST_WAIT_MS;
	return run_with(pg, "lock_timeout",
			wait < INT_MAX / 2 ? 2 * wait : INT_MAX, run_watched,
			sql, err);
}

/* --- and after it --------------------------------------------------------- */

/* What it has left half built and is its own for certain. */
static int find_leftovers(struct pg *pg, const struct pg_watch *watch,
			  struct pg_index_search *found, struct error *err)
{
	struct pg_statement find;

	*found = watch->indexes;
	find = pg_index_find(found, pg, watch->before);
	if (pg_run(pg, &find, err) < 0)
		return -1;
	if (found->unclear)
		found->invalid_count = 0;
	return 0;
}

static int run_briefly(struct pg *pg, const char *sql, struct error *err)
{
	return run_with(pg, "statement_timeout", CLEAN_UP_MS, pg_run_sql, sql,
			err);
}

/* Dropping them waits for the same transactions; so not for long. The names of
   those that are gone now, or NULL. */
static const char *drop_leftovers(struct pg *pg, const struct pg_watch *watch)
{
	struct error ignored = { 0 };
	struct pg_index_search found;
	const char *names = NULL;

	if (find_leftovers(pg, watch, &found, &ignored) == 0 &&
	    found.invalid_count &&
	    pg_index_drop(pg, &found, run_briefly, &ignored) == 0)
		names = pg_index_names(found.mem, &found);
	error_release(&ignored);
	return names;
}

/* Behind what the server says itself. */
static void tell_dropped(const char *names, struct error *err)
{
	char *detail = talloc_asprintf(NULL,
				       "%s%sthe invalid index that it left is "
				       "dropped again: %s",
				       err->detail ? err->detail : "",
				       err->detail ? "\n" : "", names);

	error_detail(err, "%s", detail);
	talloc_free(detail);
}

static void clean_up(struct pg *pg, const struct pg_watch *watch,
		     struct error *err)
{
	int (*tick)(const char *, void *) = pg->db.options.tick;
	const char *names;

	/* a person who has pressed Ctrl-C has not asked to leave it there */
	pg->db.options.tick = NULL;
	names = drop_leftovers(pg, watch);
	if (names)
		tell_dropped(names, err);
	pg->db.options.tick = tick;
}

static int take_name(const char *const *values, int count, void *data)
{
	struct setting *name = data;

	(void)count;
	name->value = talloc_strdup(name->mem, values[0]);
	return 0;
}

/* What has its name may be what somebody else's build has left. */
static void explain_duplicate(struct pg *pg, const struct pg_watch *watch,
			      struct error *err)
{
	struct setting name = { .mem = watch->indexes.mem };
	struct error ignored = { 0 };
	const char *params[2];
	const struct pg_statement ask = {
		.sql = "SELECT pg_catalog.quote_ident(n.nspname) || '.' || "
		       "pg_catalog.quote_ident(c.relname) "
		       "FROM pg_catalog.pg_index i "
		       "JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "
		       "JOIN pg_catalog.pg_namespace n ON n.oid = "
		       "c.relnamespace WHERE NOT i.indisvalid "
		       "AND c.relnamespace = (SELECT t.relnamespace "
		       "FROM pg_catalog.pg_class t WHERE t.oid = "
		       "pg_catalog.to_regclass($1)) "
		       "AND c.relname = $2::text::pg_catalog.name",
		.params = params,
		.param_count = 2,
		.row = take_name,
		.data = &name,
	};

	if (!watch->indexes.create)
		return;
	params[0] = watch->indexes.object;
	params[1] = watch->indexes.create->idxname;
	if (pg_run(pg, &ask, &ignored) < 0)
		error_release(&ignored);
	else if (name.value)
		error_hint(err,
			   "the index of that name is invalid; when nobody is "
			   "building it: DROP INDEX CONCURRENTLY %s",
			   name.value);
}

static int gave_up(struct pg *pg, struct pg_watch *watch, struct error *err)
{
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

#define DUPLICATE_TABLE "42P07" /* or index */

int pg_watch_end(struct pg *pg, int result, struct error *err)
{
	struct pg_watch *watch = pg->watch;

	if (!watch)
		return result;
	pg->waiting_for = NULL;
	pg->watch = NULL; /* what comes now has a time-out of its own */
	if (result < 0 && !strcmp(err->sqlstate, DUPLICATE_TABLE)) {
		watch->before = NULL; /* what has its name is not its own */
		explain_duplicate(pg, watch, err);
	}
	if (result < 0 && watch->over && !pg->lost && !pg->interrupted)
		gave_up(pg, watch, err);
	if (result < 0 && !pg->lost && watch->before)
		clean_up(pg, watch, err);
	talloc_free(watch);
	return result;
}
