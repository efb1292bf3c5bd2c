#include "core/db/mysql/internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * Statements of our own with parameters. They are few and come again, so the
 * server keeps them prepared; the last ones that came are kept.
 */

#define MOST_KEPT 24

static void drop(struct my_conn *c, size_t n)
{
	struct my_kept *kept = c->kept[n];

	mysql_stmt_close(kept->stmt);
	talloc_free(kept);
	c->kept_count--;
	memmove(c->kept + n, c->kept + n + 1,
		(c->kept_count - n) * sizeof(*c->kept));
}

void my_forget_kept(struct my_conn *c)
{
	while (c->kept_count)
		drop(c, c->kept_count - 1);
}

/* $2 becomes ?, and which one it was is remembered. */
static char *translate(struct my_kept *kept, const char *sql)
{
	size_t length = strlen(sql), at = 0;
	char *out = talloc_strdup(kept, "");
	struct sql_token token;

	while ((token = sql_next(sql, length, at, SQL_MYSQL)).kind != SQL_END) {
		const char *text = sql + token.offset;
		char *end;

		at = token.offset + token.length;
		if (*text != '$' || text[1] < '1' || text[1] > '9') {
			out = talloc_strndup_append_buffer(out, text,
							   token.length);
			continue;
		}
		kept->numbers = talloc_realloc(kept, kept->numbers, unsigned,
					       kept->count + 1);
		kept->numbers[kept->count++] =
			(unsigned)strtoul(text + 1, &end, 10) - 1;
		out = talloc_strdup_append_buffer(out, "?");
		at = (size_t)(end - sql);
	}
	return out;
}

static int stmt_failed(struct my_conn *c, MYSQL_STMT *stmt, struct error *err)
{
	return my_failure(c, mysql_stmt_errno(stmt), mysql_stmt_error(stmt),
			  mysql_stmt_sqlstate(stmt), err);
}

static int prepare(struct my_conn *c, const char *sql, struct my_kept **out,
		   struct error *err)
{
	struct my_kept *kept = talloc_zero(c->my, struct my_kept);
	char *text = translate(kept, sql);
	my_bool yes = 1;
	int result = 0;

	kept->sql = talloc_strdup(kept, sql);
	kept->stmt = mysql_stmt_init(c->mysql);
	if (!kept->stmt) {
		talloc_free(kept);
		return error_set(err, ERROR_FAILED, "out of memory");
	}
	/* so that the size of the longest value is known before it is read */
	mysql_stmt_attr_set(kept->stmt, STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
	MY_CALL(c, result, mysql_stmt_prepare, kept->stmt, text, strlen(text));
	talloc_free(text);
	if (result) {
		stmt_failed(c, kept->stmt, err);
		mysql_stmt_close(kept->stmt);
		talloc_free(kept);
		return -1;
	}
	if (c->kept_count == MOST_KEPT)
		drop(c, 0);
	c->kept = talloc_realloc(c->my, c->kept, struct my_kept *,
				 (unsigned)c->kept_count + 1);
	c->kept[c->kept_count++] = *out = kept;
	return 0;
}

static int find(struct my_conn *c, const char *sql, struct my_kept **kept,
		struct error *err)
{
	for (size_t i = c->kept_count; i--;)
		if (!strcmp(c->kept[i]->sql, sql)) {
			*kept = c->kept[i];
			return 0;
		}
	return prepare(c, sql, kept, err);
}

static int execute(struct my_conn *c, const struct my_kept *kept,
		   const char *const *params, int param_count,
		   struct error *err)
{
	MYSQL_BIND *binds = talloc_zero_array(NULL, MYSQL_BIND,
					      kept->count + 1);
	int result = 0;

	for (unsigned i = 0; i < kept->count; i++) {
		unsigned n = kept->numbers[i];
		const char *value = n < (unsigned)param_count ? params[n]
							      : NULL;

		binds[i].buffer_type = value ? MYSQL_TYPE_STRING
					     : MYSQL_TYPE_NULL;
		binds[i].buffer = (void *)(uintptr_t)value;
		binds[i].buffer_length = value ? strlen(value) : 0;
	}
	if (kept->count && mysql_stmt_bind_param(kept->stmt, binds))
		result = 1;
	if (!result)
		MY_CALL(c, result, mysql_stmt_execute, kept->stmt);
	talloc_free(binds);
	return result ? stmt_failed(c, kept->stmt, err) : 0;
}

/* A buffer for each column, as long as its longest value. */
static MYSQL_BIND *make_buffers(TALLOC_CTX *mem, MYSQL_RES *columns,
				unsigned count)
{
	MYSQL_BIND *binds = talloc_zero_array(mem, MYSQL_BIND, count);
	MYSQL_FIELD *fields = mysql_fetch_fields(columns);

	for (unsigned i = 0; i < count; i++) {
		unsigned long size = fields[i].max_length + 1;

		/* numbers are written out here, not by the server */
		if (size < 64)
			size = 64;
		binds[i].buffer_type = MYSQL_TYPE_STRING;
		binds[i].buffer = talloc_size(binds, size);
		binds[i].buffer_length = size;
	}
	return binds;
}

static int fetch_all(struct my_conn *c, MYSQL_STMT *stmt, MYSQL_RES *columns,
		     db_row_fn row, void *data, struct error *err)
{
	unsigned count = mysql_num_fields(columns);
	MYSQL_BIND *binds = make_buffers(NULL, columns, count);
	const char **values = talloc_zero_array(binds, const char *, count);
	unsigned long *lengths = talloc_zero_array(binds, unsigned long, count);
	my_bool *nulls = talloc_zero_array(binds, my_bool, count);
	int result = 0, status = 0;

	for (unsigned i = 0; i < count; i++) {
		binds[i].length = &lengths[i];
		binds[i].is_null = &nulls[i];
	}
	if (mysql_stmt_bind_result(stmt, binds))
		status = 1;
	while (!status && !result && !(status = mysql_stmt_fetch(stmt))) {
		for (unsigned i = 0; i < count; i++) {
			char *text = binds[i].buffer;

			if (lengths[i] < binds[i].buffer_length)
				text[lengths[i]] = '\0';
			values[i] = nulls[i] ? NULL : text;
		}
		result = row ? row(values, (int)count, data) : 0;
	}
	if (status && status != MYSQL_NO_DATA)
		result = stmt_failed(c, stmt, err);
	talloc_free(binds);
	return result;
}

static int read_rows(struct my_conn *c, MYSQL_STMT *stmt, db_row_fn row,
		     void *data, struct error *err)
{
	MYSQL_RES *columns = NULL;
	int result = 0;

	c->changed = (int64_t)mysql_stmt_affected_rows(stmt);
	MY_CALL(c, result, mysql_stmt_store_result, stmt);
	if (result)
		return stmt_failed(c, stmt, err);
	columns = mysql_stmt_result_metadata(stmt);
	if (columns) {
		result = fetch_all(c, stmt, columns, row, data, err);
		mysql_free_result(columns);
	}
	mysql_stmt_free_result(stmt);
	return result;
}

int my_query(struct my_conn *c, const char *sql, const char *const *params,
	     int param_count, db_row_fn row, void *data, struct error *err)
{
	struct my_kept *kept;

	if (!param_count)
		return my_run(c, sql, strlen(sql), row, data, NULL, err);
	if (!c->mysql || c->lost)
		return my_failure(c, 0, NULL, NULL, err);
	if (find(c, sql, &kept, err) < 0 ||
	    execute(c, kept, params, param_count, err) < 0)
		return -1;
	return read_rows(c, kept->stmt, row, data, err);
}
