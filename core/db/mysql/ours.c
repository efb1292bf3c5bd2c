#include "core/db/mysql/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/*
 * Our own tables are read outside of transactions before anything is done, and
 * by commands that do nothing else. Somebody may have locked one of them: that
 * is said while it is waited for, and ended when it lasts. On the connection
 * beside the main one, where nobody looks on, the server ends it. What records
 * that something was done is worth waiting for.
 */

#define LEAST_MS 1000
#define LOOK_US 200000
#define ENDLESS_S (365 * 24 * 60 * 60)

int my_patience_ms(const struct my *my)
{
	int ms = my->db.options.wait_ms;

	return ms > LEAST_MS ? ms : LEAST_MS;
}

/* Those of our tables that the statement names. */
static size_t tables_of(TALLOC_CTX *mem, const char *sql, const char ***tables)
{
	size_t length = strlen(sql), at = 0, count = 0;
	struct sql_token token;

	*tables = NULL;
	while ((token = sql_next(sql, length, at, SQL_MYSQL)).kind != SQL_END) {
		char *word = talloc_strndup(mem, sql + token.offset,
					    token.length);

		at = token.offset + token.length;
		if (token.kind != SQL_WORD || !db_is_own_table(word))
			continue;
		*tables = talloc_realloc(mem, *tables, const char *,
					 (unsigned)count + 1);
		(*tables)[count++] = word;
	}
	return count;
}

static void see_holders(struct my *my, const char *sql)
{
	struct my_watch *watch = &my->watch;
	struct error ignored = { 0 };
	const char **tables;
	size_t count;

	talloc_free(watch->turn);
	watch->turn = talloc_new(my);
	watch->seen_count = 0;
	count = tables_of(watch->turn, sql, &tables);
	if (count && my_holders(watch->turn, my, tables, count, !watch->ends,
				&watch->seen, &watch->seen_count, &ignored) < 0)
		error_release(&ignored);
}

void my_ours_watch(struct my *my, const char *sql)
{
	int64_t now = clock_mono_us();

	my->watch = (struct my_watch){
		.on = true,
		.ours = sql,
		.began_us = now,
		.next_us = now + LOOK_US,
	};
}

static bool only_reads(const char *sql)
{
	return !strncmp(sql, "SELECT", 6);
}

/* On the connection beside the main one the server would end it. */
static int set_patience(struct my *my, bool endless, struct error *err)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "SET lock_wait_timeout = %d",
		 endless ? ENDLESS_S : (my_patience_ms(my) + 999) / 1000);
	return my_run_sql(&my->side, sql, err);
}

int my_ours_begin(struct my *my, const struct my_conn *conn, const char *sql,
		  struct error *err)
{
	my_ours_watch(my, sql);
	my->watch.on = conn == &my->main;
	my->watch.ends = only_reads(sql);
	return conn == &my->side && !only_reads(sql)
		       ? set_patience(my, true, err)
		       : 0;
}

void my_ours_look(struct my *my)
{
	struct my_watch *watch = &my->watch;
	int64_t now = clock_mono_us(), left;
	struct error ignored = { 0 };
	struct my_conn *side;
	struct my_state state;

	watch->next_us = now + LOOK_US;
	my->waiting_for = NULL;
	if (my_side(my, &side, &ignored) < 0 || my_read_state(my, &state) < 0) {
		error_release(&ignored);
		watch->on = false;
		return;
	}
	if (!state.waits)
		return;
	see_holders(my, watch->ours);
	my->waiting_for = watch->seen_count ? fact_blocker_text_on(watch->turn,
								   watch->seen)
					    : "locks";
	if (!watch->ends)
		return;
	left = watch->began_us + (int64_t)my_patience_ms(my) * 1000 - now;
	if (left <= 0)
		my_end_statement(my, &state);
	else if (left < LOOK_US)
		watch->next_us = now + left;
}

int my_ours_end(struct my *my, const struct my_conn *conn, const char *sql,
		int result, struct error *err)
{
	struct my_watch *watch = &my->watch;

	if (result < 0 && err->code == ERROR_LOCK_TIMEOUT) {
		if (conn == &my->side)
			see_holders(my, sql);
		error_release(err);
		db_kept_locked(&my->db, my_patience_ms(my), watch->seen,
			       watch->seen_count, err);
	}
	my_watch_end(my);
	if (conn == &my->side && !only_reads(sql) && !conn->lost) {
		struct error ignored = { 0 };

		if (set_patience(my, false, &ignored) < 0)
			error_release(&ignored);
	}
	return result;
}
