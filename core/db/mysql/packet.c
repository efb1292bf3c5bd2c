#include "core/db/mysql/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

/*
 * What is recorded in a transaction of its own takes several statements, and
 * none needs the answer to another one: they are kept until one does, or the
 * commit comes, and then go in one message, which costs one round trip. Each
 * must have changed what it has to before the commit is sent.
 *
 * They are text, then. The session is no script's when they are sent, its
 * character set is ours, and the library quotes as the server's sql_mode reads.
 */

/* What is longer goes by itself, as its parameters do not grow by quoting. */
#define MOST_BYTES ((size_t)1 << 16)

static char *quote_value(struct my_conn *c, char *out, const char *value)
{
	size_t length = strlen(value);
	char *quoted = talloc_size(NULL, 2 * length + 1);

	mysql_real_escape_string(c->mysql, quoted, value, length);
	out = talloc_asprintf_append_buffer(out, "'%s'", quoted);
	talloc_free(quoted);
	return out;
}

/* $2 becomes the second value */
static char *fill_in(TALLOC_CTX *mem, struct my_conn *c, const char *sql,
		     const char *const *params, int param_count)
{
	size_t length = strlen(sql), at = 0, from = 0;
	char *out = talloc_strdup(mem, "");
	struct sql_token token;

	while ((token = sql_next(sql, length, at, SQL_MYSQL)).kind != SQL_END) {
		const char *text = sql + token.offset;
		char *end;
		long n;

		at = token.offset + token.length;
		if (*text != '$' || text[1] < '1' || text[1] > '9')
			continue;
		out = talloc_strndup_append_buffer(out, sql + from,
						   token.offset - from);
		n = strtol(text + 1, &end, 10) - 1;
		at = from = (size_t)(end - sql);
		if (n >= param_count || !params[n])
			out = talloc_strdup_append_buffer(out, "NULL");
		else
			out = quote_value(c, out, params[n]);
	}
	return talloc_strdup_append_buffer(out, sql + from);
}

static size_t size_of(const char *const *params, int param_count)
{
	size_t size = 0;

	for (int i = 0; i < param_count; i++)
		size += params[i] ? strlen(params[i]) : 0;
	return size;
}

static int check(struct my *my, enum my_must must, int64_t rows,
		 struct error *err)
{
	if (must == MY_MUST_CHANGE_ONE && rows != 1)
		return db_changed_by_others(&my->db, err);
	if (must != MY_MUST_BE_HELD)
		return 0;
	if (rows != 1)
		return error_set(err, ERROR_BUSY, "the lock on '%s' is lost",
				 my->db.label);
	my->checked_us = clock_mono_us();
	return 0;
}

/* What is kept goes first. */
static int send_alone(struct my *my, const char *sql, const char *const *params,
		      int param_count, enum my_must must, struct error *err)
{
	if (my_packet_send(my, err) < 0 ||
	    my_query(&my->main, sql, params, param_count, NULL, NULL, err) < 0)
		return -1;
	return check(my, must, my->main.changed, err);
}

int my_packet_add(struct my *my, const char *sql, const char *const *params,
		  int param_count, enum my_must must, struct error *err)
{
	char *qualified;
	int result = 0;

	if (!my->main.mysql || my->main.lost)
		return my_failure(&my->main, 0, NULL, NULL, err);
	qualified = my_qualify(NULL, my->db.database, sql);
	if (size_of(params, param_count) > MOST_BYTES) {
		result = send_alone(my, qualified, params, param_count, must,
				    err);
	} else {
		my->queued = talloc_realloc(my, my->queued, struct my_queued,
					    (unsigned)my->queued_count + 1);
		my->queued[my->queued_count++] = (struct my_queued){
			.text = fill_in(my->queued, &my->main, qualified,
					params, param_count),
			.must = must,
		};
	}
	talloc_free(qualified);
	return result;
}

void my_packet_drop(struct my *my)
{
	talloc_free(my->queued);
	my->queued = NULL;
	my->queued_count = 0;
}

static int run_several(struct my *my, const char *text, int64_t *rows,
		       size_t count, struct error *err)
{
	int result;

	my_ours_watch(my, text);
	result = my_run_several(&my->main, text, rows, count, err);
	my_watch_end(my);
	return result;
}

static int run_one_by_one(struct my *my, struct error *err)
{
	for (size_t i = 0; i < my->queued_count; i++) {
		const struct my_queued *q = &my->queued[i];
		int64_t rows = 0;

		if (run_several(my, q->text, &rows, 1, err) < 0 ||
		    check(my, q->must, rows, err) < 0)
			return -1;
	}
	return 0;
}

static int run_at_once(struct my *my, struct error *err)
{
	char *text = talloc_strdup(NULL, "");
	int64_t *rows = talloc_zero_array(text, int64_t,
					  (unsigned)my->queued_count);
	int result;

	for (size_t i = 0; i < my->queued_count; i++)
		text = talloc_asprintf_append_buffer(
			text, "%s%s", i ? "; " : "", my->queued[i].text);
	result = run_several(my, text, rows, my->queued_count, err);
	for (size_t i = 0; result == 0 && i < my->queued_count; i++)
		result = check(my, my->queued[i].must, rows[i], err);
	talloc_free(text);
	return result;
}

/* A proxy in between may not take several. */
static bool takes_several(struct my *my)
{
	struct error ignored = { 0 };

	if (my->no_several || my->queued_count < 2)
		return false;
	if (my_take_several(&my->main, true, &ignored) < 0) {
		my->no_several = true;
		error_release(&ignored);
	}
	return !my->no_several;
}

int my_packet_send(struct my *my, struct error *err)
{
	int result = 0;

	if (!my->queued_count)
		return 0;
	result = takes_several(my) ? run_at_once(my, err)
				   : run_one_by_one(my, err);
	my_packet_drop(my);
	return result;
}
